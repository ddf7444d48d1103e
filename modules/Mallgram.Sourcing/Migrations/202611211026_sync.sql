-- Sync runs: items whose details could not be read, to be asked for again, and the undoing of a run.
-- Locks: sourcing.sync_runs gets columns with constant defaults, in an instant. The rest is new.
-- Undo: drop table sourcing.sync_failures; alter table sourcing.sync_runs drop column rollback_started_at, drop column rolled_back_at,
--       drop column rolled_back_by, drop column rolled_back;

alter table sourcing.sync_runs
    add column rollback_started_at timestamptz,
    add column rolled_back_at      timestamptz,      -- when the last product was gone through
    add column rolled_back_by      text,             -- public id of the person who asked for it
    add column rolled_back         int not null default 0;   -- products gone through so far

-- Each is read again once at the end of its run, and when a person asks for it. Gone once it was read.
create table sourcing.sync_failures (
    store_id    uuid    not null,
    run_id      uuid    not null,
    external_id text    not null,
    feed_hash   bytea   not null,
    name_fr     text,                                -- from the page of the feed that showed it
    reason      text    not null,
    retried     boolean not null default false,
    primary key (store_id, run_id, external_id),
    foreign key (store_id, run_id) references sourcing.sync_runs (store_id, id) on delete cascade
);
call kernel.wall_off('sourcing.sync_failures');
