-- Bulk imports of products: the operation with its checkpoint, and what was wrong with which row.
-- New tables only: no long locks. Undo: drop both tables.

create table catalog.bulk_imports (
    store_id     uuid        not null,
    id           uuid        not null,
    file_id      uuid        not null,               -- files.files; no key across modules
    file_name    text        not null,
    format       text        not null check (format in ('csv', 'ndjson')),
    mode         text        not null check (mode in ('upsert', 'create_only', 'update_only')),
    dry_run      boolean     not null,
    options      jsonb       not null,               -- {"mapping": {}, "defaults": {}, "create_missing_categories": false}
    requested_by text        not null,               -- public id of a person
    state        text        not null check (state in (
        'queued', 'validating', 'running', 'succeeded', 'completed_with_errors', 'failed', 'cancelled')),
    header       text[],                             -- of a CSV file, as sent
    total        int,                                -- rows in the file; null until it was read through once
    last_row     int         not null default 0,     -- checkpoint: number in the file of the last row that is done
    processed    int         not null default 0,     -- = created + updated + unchanged + failed
    created      int         not null default 0,
    updated      int         not null default 0,
    unchanged    int         not null default 0,
    failed       int         not null default 0,
    error_counts jsonb       not null default '{}',  -- rows by code
    stored_rows  int         not null default 0,     -- failed rows kept in bulk_import_errors
    error_code   text,                               -- why the whole file was refused
    error        text,
    error_fr     text,
    fence        bigint,                             -- token of the job's lease; a late writer with an older one is ignored
    attempts     int         not null default 0,     -- since the last checkpoint
    started_at   timestamptz,
    finished_at  timestamptz,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    primary key (store_id, id),
    check ((state = 'failed') = (error_code is not null))
);
create index bulk_imports_open on catalog.bulk_imports (created_at) where state in ('queued', 'validating', 'running');
call kernel.wall_off('catalog.bulk_imports');
call kernel.keep_updated_at('catalog.bulk_imports');

create table catalog.bulk_import_errors (
    store_id    uuid not null,
    import_id   uuid not null,
    row         int  not null,                       -- as a spreadsheet counts: the header is row 1; in NDJSON the line
    number      int  not null,                       -- of the error within the row, from 1
    column_name text,
    code        text not null,
    detail      text not null,
    detail_fr   text not null,
    raw         text not null,                       -- the row as sent: a JSON array of its cells, or the NDJSON line
    primary key (store_id, import_id, row, number),
    foreign key (store_id, import_id) references catalog.bulk_imports (store_id, id) on delete cascade
);
call kernel.wall_off('catalog.bulk_import_errors');
