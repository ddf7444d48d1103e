-- People: phones, verified addresses, one-time codes, second factors, sessions, sign-in history, addresses, keys and invitations of staff,
-- administrators of the platform.
-- identity.users gets columns with constant defaults and two columns lose "not null": short locks. Undo: drop the new tables and columns.

alter table identity.users
    alter column email drop not null,
    alter column password_hash drop not null,
    add column phone text check (phone ~ '^\+[1-9][0-9]{6,14}$'),              -- E.164
    add column email_verified_at timestamptz,
    add column phone_verified_at timestamptz,
    add column status text not null default 'active' check (status in ('active', 'disabled', 'erased')),
    add column currency char(3),                                              -- wanted; null: the store's
    add column channels text[] not null default '{email}' check (channels <@ '{email,sms,whatsapp,push}'),
    add column delivery_time text check (delivery_time in ('morning', 'afternoon', 'evening', 'weekend')),
    add column marketing boolean not null default false,
    add column failed_attempts int not null default 0,                        -- in a row
    add column locked_until timestamptz,
    add column password_changed_at timestamptz,
    add column last_sign_in_at timestamptz,
    add constraint users_reachable check (email is not null or phone is not null or status = 'erased');
create unique index users_phone on identity.users (store_id, phone) where phone is not null;
create index users_staff on identity.users (store_id, id) where role not in ('customer', 'affiliate');
call kernel.audit('identity.users', 'id', 'email,phone,full_name,password_hash');

-- A sign-in on one device; its id is the family of its refresh tokens.
create table identity.sessions (
    store_id      uuid        not null,
    id            uuid        not null,
    user_id       uuid        not null,
    method        text        not null check (method in ('password', 'code', 'registration', 'invitation', 'switch')),
    second_factor boolean     not null default false,
    address       inet,
    user_agent    text        check (length(user_agent) <= 300),
    created_at    timestamptz not null,
    last_used_at  timestamptz not null,
    revoked_at    timestamptz,
    primary key (store_id, id),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create index sessions_of_user on identity.sessions (store_id, user_id, last_used_at desc);
call kernel.wall_off('identity.sessions');

-- Codes and links that prove an address is the caller's own. The code is never stored.
create table identity.one_time_codes (
    store_id    uuid        not null,
    id          uuid        not null,
    purpose     text        not null check (purpose in ('sign_in', 'verify_email', 'verify_phone', 'reset_password', 'second_factor')),
    channel     text        not null check (channel in ('email', 'sms')),
    destination text        not null check (length(destination) <= 320),   -- lower-case e-mail address or E.164 number
    user_id     uuid,                                                      -- null: nobody has it; the answer is the same
    code_hash   bytea       not null check (length(code_hash) = 32),
    attempts    int         not null default 0,
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    used_at     timestamptz,
    primary key (store_id, id),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create index one_time_codes_newest on identity.one_time_codes (store_id, purpose, destination, created_at desc);
create index one_time_codes_of_user on identity.one_time_codes (store_id, user_id) where user_id is not null;
create index one_time_codes_expired on identity.one_time_codes (expires_at);
call kernel.wall_off('identity.one_time_codes');

create table identity.second_factors (
    store_id     uuid        not null,
    user_id      uuid        not null,
    kind         text        not null check (kind in ('totp', 'sms', 'email')),
    secret       text,                                                     -- TOTP: sealed by Data Protection
    last_step    bigint      not null default 0,                           -- TOTP: newest time step that was used; each is good once
    created_at   timestamptz not null default now(),
    confirmed_at timestamptz,                                              -- null: being set up, asked for at no sign-in
    primary key (store_id, user_id, kind),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
call kernel.wall_off('identity.second_factors');

create table identity.recovery_codes (
    store_id  uuid        not null,
    user_id   uuid        not null,
    code_hash bytea       not null check (length(code_hash) = 32),
    used_at   timestamptz,
    primary key (store_id, user_id, code_hash),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
call kernel.wall_off('identity.recovery_codes');

-- What a person sees as their own sign-in history. Kept for a while only, unlike the audit log.
create table identity.sign_ins (
    store_id   uuid        not null,
    id         uuid        not null,
    user_id    uuid        not null,
    at         timestamptz not null,
    method     text        not null,
    outcome    text        not null check (outcome in ('succeeded', 'wrong_password', 'wrong_code', 'locked', 'disabled')),
    address    inet,
    user_agent text        check (length(user_agent) <= 300),
    primary key (store_id, id),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create index sign_ins_of_user on identity.sign_ins (store_id, user_id, at desc, id desc);
create index sign_ins_age on identity.sign_ins (at);
call kernel.wall_off('identity.sign_ins');

create table identity.addresses (
    store_id     uuid         not null,
    id           uuid         not null,
    user_id      uuid         not null,
    label        text         check (length(label) <= 60),                 -- "Home", "Shop in Bonabéri"
    full_name    text         not null check (length(full_name) <= 200),
    phone        text         check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    street       text         check (length(street) <= 300),
    landmark     text         check (length(landmark) <= 300),
    city         text         not null check (length(city) <= 120),
    region       text         check (length(region) <= 120),
    postal_code  text         check (length(postal_code) <= 20),
    country      char(2)      not null,
    latitude     numeric(8,6) check (latitude between -90 and 90),
    longitude    numeric(9,6) check (longitude between -180 and 180),
    instructions text         check (length(instructions) <= 500),
    is_default   boolean      not null default false,
    created_at   timestamptz  not null default now(),
    updated_at   timestamptz  not null default now(),
    primary key (store_id, id),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create unique index addresses_default on identity.addresses (store_id, user_id) where is_default;
create index addresses_of_user on identity.addresses (store_id, user_id, id);
call kernel.wall_off('identity.addresses');
call kernel.keep_updated_at('identity.addresses');

-- Sign-in by another issuer's tokens: a Supabase project of the store.
create table identity.supabase_projects (
    store_id   uuid        primary key,
    issuer     text        not null check (length(issuer) <= 300),         -- https://<ref>.supabase.co/auth/v1
    audience   text        not null default 'authenticated' check (length(audience) <= 100),
    jwt_secret text,                                                       -- HS256, sealed by Data Protection; null: key set only
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
call kernel.wall_off('identity.supabase_projects');
call kernel.keep_updated_at('identity.supabase_projects');
call kernel.audit('identity.supabase_projects', 'store_id', 'jwt_secret');

create table identity.external_identities (
    store_id   uuid        not null,
    issuer     text        not null check (length(issuer) <= 300),
    subject    text        not null check (length(subject) <= 200),
    user_id    uuid        not null,
    created_at timestamptz not null default now(),
    primary key (store_id, issuer, subject),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create index external_identities_of_user on identity.external_identities (store_id, user_id);
call kernel.wall_off('identity.external_identities');

create table identity.api_keys (
    store_id     uuid        not null,
    id           uuid        not null,
    name         text        not null check (length(name) between 1 and 100),
    prefix       text        not null check (length(prefix) <= 20),        -- what people recognise it by
    key_hash     bytea       not null check (length(key_hash) = 32),       -- SHA-256; the key has 256 random bits and is shown once
    scopes       text[]      not null check (cardinality(scopes) > 0),
    created_by   uuid,
    created_at   timestamptz not null default now(),
    last_used_at timestamptz,                                              -- to the minute
    expires_at   timestamptz,
    revoked_at   timestamptz,
    replaced_by  uuid,                                                     -- rotated: good until expires_at
    primary key (store_id, id),
    foreign key (store_id, created_by) references identity.users (store_id, id) on delete set null (created_by)
);
create unique index api_keys_hash on identity.api_keys (store_id, key_hash);
create index api_keys_creator on identity.api_keys (store_id, created_by) where created_by is not null;
call kernel.wall_off('identity.api_keys');
call kernel.audit('identity.api_keys', 'id', 'key_hash,last_used_at');

create table identity.invitations (
    store_id    uuid        not null,
    id          uuid        not null,
    email       text        not null check (length(email) <= 320),
    role        text        not null check (role in ('owner', 'admin', 'manager', 'moderator', 'support', 'fulfilment')),
    token_hash  bytea       not null check (length(token_hash) = 32),
    invited_by  uuid,                                                      -- null: the platform
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    accepted_at timestamptz,
    revoked_at  timestamptz,
    primary key (store_id, id),
    foreign key (store_id, invited_by) references identity.users (store_id, id) on delete set null (invited_by)
);
create unique index invitations_open on identity.invitations (store_id, lower(email)) where accepted_at is null and revoked_at is null;
create unique index invitations_token on identity.invitations (store_id, token_hash);
create index invitations_inviter on identity.invitations (store_id, invited_by) where invited_by is not null;
call kernel.wall_off('identity.invitations');
call kernel.audit('identity.invitations', 'id', 'email,token_hash');

-- People who run the installation. They belong to no store and are no staff of any.
create table identity.platform_administrators (
    id              uuid        primary key,
    email           text        not null check (length(email) <= 320),
    full_name       text        not null check (length(full_name) <= 200),
    password_hash   text        not null,
    status          text        not null default 'active' check (status in ('active', 'disabled')),
    failed_attempts int         not null default 0,
    locked_until    timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now()
);
create unique index platform_administrators_email on identity.platform_administrators (lower(email));
call kernel.keep_updated_at('identity.platform_administrators');
grant select, insert, update on identity.platform_administrators to mallgram_platform;
call kernel.audit('identity.platform_administrators', 'id', 'email,full_name,password_hash,failed_attempts,locked_until');

-- A platform administrator acting as one of the store's people, for a stated reason and a limited time. The store sees it.
create table identity.impersonations (
    store_id         uuid        not null,
    id               uuid        not null,
    administrator_id uuid        not null references identity.platform_administrators (id),
    user_id          uuid        not null,
    reason           text        not null check (length(reason) between 10 and 500),
    created_at       timestamptz not null,
    expires_at       timestamptz not null,
    ended_at         timestamptz,
    primary key (store_id, id),
    foreign key (store_id, user_id) references identity.users (store_id, id) on delete cascade
);
create index impersonations_of_user on identity.impersonations (store_id, user_id);
create index impersonations_by on identity.impersonations (administrator_id);
call kernel.wall_off('identity.impersonations');
call kernel.audit('identity.impersonations', 'id');
