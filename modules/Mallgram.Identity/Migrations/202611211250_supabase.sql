-- Sign-in by Supabase: what a store trusts its project with, and people who are known by their foreign identity alone.
-- Columns with constant defaults, a check that holds for every row already: short locks. Undo: drop the columns, restore users_reachable.

alter table identity.supabase_projects
    add column confirms_addresses boolean not null default false,   -- "Confirm email" and phone confirmations are on in the project
    add column allows_staff boolean not null default false;         -- people who work for the store sign in by it too

alter table identity.users
    add column signs_in_elsewhere boolean not null default false,   -- has rows in identity.external_identities, possibly no address
    drop constraint users_reachable,
    add constraint users_reachable check (email is not null or phone is not null or signs_in_elsewhere or status = 'erased');
