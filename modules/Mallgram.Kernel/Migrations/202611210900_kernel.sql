-- Kernel: tenancy functions, outbox, inbox, idempotency keys, job runs and leases, data protection keys.
-- New tables only: no long locks. Undo: drop schema kernel cascade.

create extension if not exists pg_trgm;
create extension if not exists unaccent;

-- The store of the current transaction; null when none is set, so that no row matches.
create function kernel.current_store() returns uuid language sql stable parallel safe
    as $$ select nullif(current_setting('app.store_id', true), '')::uuid $$;

-- Walls a table off by store. Every table with store_id goes through here: row-level security forced, and policies by role membership
-- (no BYPASSRLS, which managed databases do not grant). The owner needs a policy too, or data migrations would touch nothing.
create procedure kernel.wall_off(t regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    -- Written out, not through the function: the planner then uses the leading store_id of every index.
    execute format('create policy store_rows on %s to mallgram_app
        using (store_id = nullif(current_setting(''app.store_id'', true), '''')::uuid)
        with check (store_id = nullif(current_setting(''app.store_id'', true), '''')::uuid)', t);
    execute format('create policy all_rows on %s to mallgram_platform using (true) with check (true)', t);
    execute format('create policy owner_rows on %s to mallgram_owner using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on %s to mallgram_app, mallgram_platform', t);
end $$;

create function kernel.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

-- History and money are only ever added to.
create procedure kernel.append_only(t regclass) language plpgsql as $$
begin
    execute format('revoke update, delete, truncate on %s from mallgram_app, mallgram_platform', t);
    execute format('create trigger append_only before update or delete on %s for each row execute function kernel.refuse_change()', t);
end $$;

create function kernel.touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end $$;

create procedure kernel.keep_updated_at(t regclass) language plpgsql as $$
begin
    execute format('create trigger touch_updated_at before update on %s for each row execute function kernel.touch_updated_at()', t);
end $$;

-- State machines are data: kernel.transitions lists the legal moves of every object's status.
create table kernel.transitions (
    object      text not null,                       -- 'order', 'payment'
    from_status text not null,
    to_status   text not null,
    primary key (object, from_status, to_status)
);
grant select on kernel.transitions to mallgram_app, mallgram_platform;

-- Last line of defence behind the use cases: an illegal move cannot be stored. Argument: the object's name.
create function kernel.check_transition() returns trigger language plpgsql as $$
begin
    if new.status is distinct from old.status and not exists (
        select from kernel.transitions where object = tg_argv[0] and from_status = old.status and to_status = new.status)
    then
        raise exception '% cannot go from % to %', tg_argv[0], old.status, new.status using errcode = 'check_violation', constraint = 'legal_transition';
    end if;
    return new;
end $$;

-- Events waiting for their side effects. No wall: the dispatcher serves all stores, and store code may only add.
create table kernel.outbox (
    id           uuid        primary key,
    xid          xid8        not null default pg_current_xact_id(),  -- who tails in order reads below pg_snapshot_xmin(pg_current_snapshot())
    store_id     uuid,                                               -- null: an event of the platform
    type         text        not null,
    payload      jsonb       not null,
    trace_parent text,                                               -- W3C trace context of the request that caused it
    occurred_at  timestamptz not null default now(),
    available_at timestamptz not null default now(),                 -- not delivered before; also the lease of the delivery under way
    attempts     int         not null default 0,
    processed_at timestamptz,
    dead_at      timestamptz,                                        -- given up; see kernel.outbox_dead_letters
    last_error   text
);
create index outbox_due on kernel.outbox (available_at) where processed_at is null and dead_at is null;
create index outbox_order on kernel.outbox (xid, id);
create index outbox_dead on kernel.outbox (dead_at) where dead_at is not null;
grant insert on kernel.outbox to mallgram_app;
grant select, insert, update, delete on kernel.outbox to mallgram_platform;

create table kernel.outbox_effects (
    event_id uuid        not null references kernel.outbox (id) on delete cascade,
    effect   text        not null,
    done_at  timestamptz not null default now(),
    primary key (event_id, effect)
);
grant select, insert, delete on kernel.outbox_effects to mallgram_platform;

create view kernel.outbox_dead_letters with (security_invoker = true) as
    select id, store_id, type, payload, occurred_at, attempts, dead_at, last_error from kernel.outbox where dead_at is not null;
grant select on kernel.outbox_dead_letters to mallgram_platform;

-- Gives dead letters another round of attempts. Effects already done are not repeated.
create function kernel.replay_dead_letters(event_ids uuid[]) returns bigint language sql as $$
    with replayed as (
        update kernel.outbox set dead_at = null, attempts = 0, available_at = now() where id = any(event_ids) and dead_at is not null returning 1)
    select count(*) from replayed
$$;
revoke execute on function kernel.replay_dead_letters(uuid[]) from public;
grant execute on function kernel.replay_dead_letters(uuid[]) to mallgram_platform;

-- What providers sent, raw, before anything is done with it. No wall: a message arrives before its store is known.
create table kernel.inbox (
    id          uuid        primary key,
    store_id    uuid,
    provider    text        not null,
    event_key   text        not null,                 -- the provider's identity of the event; repeated deliveries have the same
    headers     jsonb       not null,
    body        bytea       not null,
    genuine     boolean     not null,                 -- false: forged, kept for forensics, never processed
    received_at timestamptz not null default now()
);
create unique index inbox_event on kernel.inbox (provider, event_key) where genuine;
create index inbox_received on kernel.inbox (received_at);
grant select, insert, delete on kernel.inbox to mallgram_platform;

create table kernel.idempotency_keys (
    store_id     uuid        not null,
    caller       text        not null,                -- person id, or 'guest'
    endpoint     text        not null,
    key          text        not null check (length(key) between 1 and 255),
    request_hash bytea       not null,                -- SHA-256 of the raw body
    status       int         not null,
    body         text        not null,                -- the answer, byte for byte
    created_at   timestamptz not null default now(),
    primary key (store_id, caller, endpoint, key)
);
create index idempotency_keys_age on kernel.idempotency_keys (created_at);
call kernel.wall_off('kernel.idempotency_keys');

create table kernel.job_runs (
    id           uuid        primary key,
    job          text        not null,
    scheduled_at timestamptz not null,                -- fire time of the schedule, or when the run was asked for
    trigger      text        not null check (trigger in ('schedule', 'manual')),
    state        text        not null check (state in ('requested', 'running', 'succeeded', 'failed', 'cancelled')),
    requested_by text,
    cancel_requested boolean not null default false,
    node         text,
    fence        bigint,                              -- token of the lease that owns the run; a late writer with an older one is ignored
    progress     jsonb,
    summary      jsonb,
    error        text,
    created_at   timestamptz not null default now(),
    started_at   timestamptz,
    heartbeat_at timestamptz,
    finished_at  timestamptz,
    unique (job, scheduled_at)
);
create index job_runs_open on kernel.job_runs (job) where state in ('requested', 'running');
create index job_runs_recent on kernel.job_runs (job, created_at desc);
grant select, insert, update, delete on kernel.job_runs to mallgram_platform;

create table kernel.job_leases (
    job        text        primary key,
    owner      text        not null,
    token      bigint      not null,
    expires_at timestamptz not null
);
grant select, insert, update, delete on kernel.job_leases to mallgram_platform;

create table kernel.data_protection_keys (
    friendly_name text        primary key,
    xml           text        not null,
    created_at    timestamptz not null default now()
);
grant select, insert, update on kernel.data_protection_keys to mallgram_app, mallgram_platform;
