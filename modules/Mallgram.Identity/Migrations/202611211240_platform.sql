-- Platform: staff found by their address across stores, impersonations newest first.
-- Indexes on small or new tables: short locks. Undo: drop both indexes.

-- The stores of one person, whatever the number of stores.
create index users_staff_address on identity.users (lower(email))
    where role not in ('customer', 'affiliate') and email_verified_at is not null and status = 'active';
create index impersonations_newest on identity.impersonations (id desc);
