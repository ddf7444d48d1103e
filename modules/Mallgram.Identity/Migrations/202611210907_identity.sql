-- Identity: people of a store (staff for now) and their refresh tokens.
-- New tables only: no long locks. Undo: drop schema identity cascade.

create schema identity;
grant usage on schema identity to mallgram_app, mallgram_platform;

-- People belong to a store: the same address at two stores is two accounts.
create table identity.users (
    store_id      uuid        not null,
    id            uuid        not null,
    email         text        not null check (length(email) <= 320),
    full_name     text        not null check (length(full_name) <= 200),
    password_hash text        not null,                          -- ASP.NET Core Identity's format, which names its own algorithm
    language      text        not null check (language in ('en', 'fr')),
    role          text        not null check (role in ('owner', 'admin', 'manager', 'moderator', 'support', 'fulfilment', 'affiliate', 'customer')),
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now(),
    primary key (store_id, id)
);
create unique index users_email on identity.users (store_id, lower(email));
call kernel.wall_off('identity.users');
call kernel.keep_updated_at('identity.users');

-- A sign-in starts a family; each refresh spends one token and adds the next. At most one token of a family is neither used nor revoked.
create table identity.refresh_tokens (
    store_id   uuid        not null,
    id         uuid        not null,
    user_id    uuid        not null,
    family     uuid        not null,
    token_hash bytea       not null check (length(token_hash) = 32),  -- SHA-256; the token itself is never stored
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz,
    revoked_at timestamptz,
    primary key (store_id, id),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create unique index refresh_tokens_hash on identity.refresh_tokens (store_id, token_hash);
create unique index refresh_tokens_live on identity.refresh_tokens (store_id, family) where used_at is null and revoked_at is null;
create index refresh_tokens_family on identity.refresh_tokens (store_id, family);
create index refresh_tokens_user on identity.refresh_tokens (store_id, user_id);
call kernel.wall_off('identity.refresh_tokens');

-- Revokes a family for good, whatever happens at the same moment. A refresh under way holds the lock of the token it spends, so the update
-- waits for it and the next turn, with a new snapshot, sees the token that it added. No turn changing anything means that none is left.
create function identity.revoke_family(the_store uuid, the_family uuid) returns void language plpgsql as $$
begin
    loop
        update identity.refresh_tokens set revoked_at = now() where store_id = the_store and family = the_family and revoked_at is null;
        exit when not found;
    end loop;
end $$;
