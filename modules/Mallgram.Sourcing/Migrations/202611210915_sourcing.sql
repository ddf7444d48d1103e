-- Sourcing: which supplier feeds which store, access tokens, what the feed looked like last time, sync runs with what they left out.
-- New tables only: no long locks. Undo: drop schema sourcing cascade.

create schema sourcing;
grant usage on schema sourcing to mallgram_app, mallgram_platform;

create table sourcing.supplier_accounts (
    store_id   uuid        not null,
    supplier   text        not null,                 -- code of the supplier: 'aliexpress'
    enabled    boolean     not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (store_id, supplier)
);
call kernel.wall_off('sourcing.supplier_accounts');
call kernel.keep_updated_at('sourcing.supplier_accounts');

create table sourcing.supplier_tokens (
    store_id             uuid        not null,
    supplier             text        not null,
    sealed_access_token  text        not null,       -- sealed by ASP.NET Data Protection
    sealed_refresh_token text        not null,
    obtained_at          timestamptz not null,
    expires_at           timestamptz not null,
    primary key (store_id, supplier),
    foreign key (store_id, supplier) references sourcing.supplier_accounts (store_id, supplier)
);
call kernel.wall_off('sourcing.supplier_tokens');

-- One row an item that the feed has shown: an item whose feed entry is as it was needs no detail call.
create table sourcing.feed_items (
    store_id    uuid        not null,
    supplier    text        not null,
    external_id text        not null,
    feed_hash   bytea       not null,
    skip_reason text,                                -- why the item was left out last time; null: it is in the catalogue
    read_at     timestamptz not null,                -- when its details were read
    primary key (store_id, supplier, external_id)
) with (fillfactor = 90);
call kernel.wall_off('sourcing.feed_items');

create table sourcing.sync_runs (
    store_id    uuid        not null,
    id          uuid        not null,
    supplier    text        not null,
    job_run_id  uuid        not null,                -- kernel.job_runs.id of the run that works or worked on it last
    fence       bigint      not null,                -- lease token of that run: a late writer with another one is refused
    state       text        not null check (state in ('running', 'succeeded', 'incomplete', 'paused_by_quota', 'failed', 'cancelled')),
    checkpoint  jsonb       not null,                -- where a run that was killed goes on
    seen        int         not null default 0,      -- = created + updated + unchanged + skipped + failed
    created     int         not null default 0,
    updated     int         not null default 0,
    unchanged   int         not null default 0,
    skipped     int         not null default 0,
    failed      int         not null default 0,
    hidden      int         not null default 0,      -- products taken off sale, because the supplier did or cannot be priced any more
    total       int,                                 -- items in the feed, as it says
    reasons     jsonb       not null default '{}',   -- reason → number of items, all of them
    issue_count int         not null default 0,
    error       text,
    started_at  timestamptz not null,
    updated_at  timestamptz not null default now(),
    finished_at timestamptz,
    primary key (store_id, id)
) with (fillfactor = 50);
create index sync_runs_of_supplier on sourcing.sync_runs (store_id, supplier, id);
call kernel.wall_off('sourcing.sync_runs');
call kernel.keep_updated_at('sourcing.sync_runs');

-- Examples of what was left out: the first 100 of each reason a run. sync_runs.reasons counts them all.
create table sourcing.sync_issues (
    store_id    uuid        not null,
    run_id      uuid        not null,
    number      int         not null,
    external_id text        not null,
    reason      text        not null,
    detail      text,
    created_at  timestamptz not null default now(),
    primary key (store_id, run_id, number),
    foreign key (store_id, run_id) references sourcing.sync_runs (store_id, id) on delete cascade
);
call kernel.wall_off('sourcing.sync_issues');

-- Which items a run has met, a row a page. Kept until the run is over: only then is it known which items are gone.
create table sourcing.sync_pages (
    store_id     uuid   not null,
    run_id       uuid   not null,
    page         int    not null,
    external_ids text[] not null,
    primary key (store_id, run_id, page),
    foreign key (store_id, run_id) references sourcing.sync_runs (store_id, id) on delete cascade
);
call kernel.wall_off('sourcing.sync_pages');

-- Undoes the transaction of a worker whose run another worker has taken over.
create function sourcing.require_ownership(p_rows bigint) returns void language plpgsql as $$
begin
    if p_rows <> 1 then
        raise exception 'this sync run was taken over' using errcode = 'object_not_in_prerequisite_state';
    end if;
end $$;

insert into sourcing.supplier_accounts (store_id, supplier, enabled) values ('01930000-0000-7000-8000-000000000001', 'aliexpress', true);
