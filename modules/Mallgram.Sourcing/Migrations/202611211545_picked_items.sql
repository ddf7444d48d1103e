-- Sourcing: items that people chose at a supplier, and the runs that imported them.
-- Locks: sourcing.sync_runs gets a column without a default and loses a not-null, each in an instant; its check is read once over the table,
-- which has some rows a day. The rest is new.
-- Undo: drop table sourcing.picked_items; delete from sourcing.sync_runs where started_by is not null;
--       alter table sourcing.sync_runs drop column started_by, alter column job_run_id set not null;

alter table sourcing.sync_runs
    add column started_by text,                      -- public id of the person who chose items; null: a run of the job, through the whole feed
    alter column job_run_id drop not null,
    add constraint sync_runs_cause check (num_nonnulls(job_run_id, started_by) = 1);

-- They stay in the catalogue though the feed may never show them: each run of the job reads those that its feed lacked by themselves.
create table sourcing.picked_items (
    store_id    uuid        not null,
    supplier    text        not null,
    external_id text        not null,
    run_id      uuid        not null,                -- that imported it first: undone with it. No key: runs are forgotten, choices are not
    picked_by   text        not null,                -- public id of a person
    picked_at   timestamptz not null,
    read_at     timestamptz not null,                -- when its details were asked for last, answered or not
    primary key (store_id, supplier, external_id)
);
call kernel.wall_off('sourcing.picked_items');
call kernel.audit('sourcing.picked_items', 'supplier,external_id', '', 'read_at');
