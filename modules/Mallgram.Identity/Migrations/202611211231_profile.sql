-- Identity: addresses that wait for their code, keys for the search of staff, the views of the original design.
-- Generated columns rewrite identity.users: a lock for seconds at a million people. Undo: drop the views, indexes and columns.

alter table identity.users
    add column pending_email text check (length(pending_email) <= 320),        -- wanted instead of email; becomes it with its code
    add column pending_phone text check (pending_phone ~ '^\+[1-9][0-9]{6,14}$'),
    -- Plain columns in bytewise order: comparing them is leakproof, so that indexes serve under row-level security; lower() is not.
    add column email_key   text collate "C" generated always as (lower(email)) stored,
    add column name_key    text collate "C" generated always as (lower(full_name)) stored,
    add column surname_key text collate "C" generated always as (lower(substring(full_name from '\S+$'))) stored;
create unique index users_email_key on identity.users (store_id, email_key) where email_key is not null;
create index users_name_key on identity.users (store_id, name_key);
create index users_surname_key on identity.users (store_id, surname_key);
create index users_phone_prefix on identity.users (store_id, phone collate "C") where phone is not null;

-- The audit log hides personal values; the columns above hold some too.
drop trigger audit on identity.users;
call kernel.audit('identity.users', 'id', 'email,phone,full_name,password_hash,pending_email,pending_phone,email_key,name_key,surname_key');

-- The names of the original design, for reading only. The caller's rights and walls apply; with no store set they are empty.
create view public.users with (security_invoker = true) as
    select id, email, full_name, role in ('owner', 'admin') as is_admin, role = 'affiliate' as is_affiliate, created_at, updated_at
    from identity.users where status <> 'erased';
create view public.admins with (security_invoker = true) as
    select id, email, full_name, created_at, updated_at from identity.users where role in ('owner', 'admin') and status = 'active';
grant select on public.users, public.admins to mallgram_app, mallgram_platform;
call kernel.open_to_readers('public.users');
call kernel.open_to_readers('public.admins');
