-- Platform administrators: invitations among themselves, a second factor by an authenticator app, when they last signed in.
-- Locks: identity.platform_administrators, a table of a few rows, is closed for moments. Undo: drop the three new tables; then drop the new
-- columns and constraints, take the status check of 202611211205_people.sql again, make password_hash not null (rows still 'invited' go
-- first), and make the audit trigger again as it is there.

alter table identity.platform_administrators
    alter column password_hash drop not null,                                         -- null: invited, chose none yet
    add column invitation_hash bytea check (length(invitation_hash) = 32),            -- SHA-256 of the token in the mail
    add column invitation_expires_at timestamptz,
    add column last_sign_in_at timestamptz,
    drop constraint platform_administrators_status_check,
    add constraint platform_administrators_status_check check (status in ('invited', 'active', 'disabled')),
    add constraint platform_administrators_password_check check (status <> 'active' or password_hash is not null),
    add constraint platform_administrators_invitation_check check (
        (invitation_hash is null) = (invitation_expires_at is null) and (invitation_hash is null or status = 'invited'));
create unique index platform_administrators_invitation on identity.platform_administrators (invitation_hash);

drop trigger audit on identity.platform_administrators;
call kernel.audit(
    'identity.platform_administrators', 'id',
    'email,full_name,password_hash,failed_attempts,locked_until,invitation_hash', 'last_sign_in_at');

-- The authenticator app of an administrator.
create table identity.platform_second_factors (
    administrator_id uuid        primary key references identity.platform_administrators (id) on delete cascade,
    secret           text        not null,                                            -- sealed by Data Protection
    last_step        bigint      not null default 0,                                  -- newest time step that was used; each is good once
    created_at       timestamptz not null,
    confirmed_at     timestamptz                                                      -- null: being set up, asked for at no sign-in
);
grant select, insert, update, delete on identity.platform_second_factors to mallgram_platform;
call kernel.audit('identity.platform_second_factors', 'administrator_id', 'secret', 'last_step');

create table identity.platform_recovery_codes (
    administrator_id uuid  not null references identity.platform_administrators (id) on delete cascade,
    code_hash        bytea not null check (length(code_hash) = 32),
    used_at          timestamptz,
    primary key (administrator_id, code_hash)
);
grant select, insert, update, delete on identity.platform_recovery_codes to mallgram_platform;

-- Who stands between password and code, and how often answers were wrong, also of those who prove themselves while signed in.
create table identity.platform_challenges (
    id               uuid        primary key,
    administrator_id uuid        not null references identity.platform_administrators (id) on delete cascade,
    attempts         int         not null default 0,
    created_at       timestamptz not null,
    expires_at       timestamptz not null,
    used_at          timestamptz
);
create index platform_challenges_of on identity.platform_challenges (administrator_id, created_at);
create index platform_challenges_expired on identity.platform_challenges (expires_at);
grant select, insert, update, delete on identity.platform_challenges to mallgram_platform;
