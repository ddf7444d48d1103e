-- Files: what stores keep outside the database. New schema only: no long locks. Undo: drop schema files cascade.
create schema files;
grant usage on schema files to mallgram_app, mallgram_platform;

create table files.files (
    store_id       uuid        not null references stores.stores (id),
    id             uuid        not null,
    name           text        not null check (length(name) between 1 and 200),  -- as its sender called it; never a path
    purpose        text        not null check (purpose in ('product_image', 'product_import', 'product_export', 'document')),
    state          text        not null default 'pending' check (state in ('pending', 'ready', 'refused')),
    refused_reason text,
    max_size       bigint      not null check (max_size > 0),                    -- bytes that the upload may have
    content_type   text,                                                         -- by content
    size           bigint      check (size >= 0),                                -- bytes; an export may be empty
    sha256         bytea       check (length(sha256) = 32),
    storage_key    text        unique,                                           -- set before the first byte is written, so that nothing is lost sight of
    uploaded_by    uuid,                                                         -- identity.users.id; null: the platform
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    primary key (store_id, id),
    check (state <> 'ready' or (content_type is not null and size is not null and sha256 is not null and storage_key is not null)),
    check ((state = 'refused') = (refused_reason is not null))
);
create index files_unfinished on files.files (created_at) where state <> 'ready';  -- serves the cleanup
create unique index files_image on files.files (id) where purpose = 'product_image';  -- serves files.public_image
call kernel.wall_off('files.files');
call kernel.keep_updated_at('files.files');

-- Product images are public: an address of the image proxy names the file alone, whatever store the request is for. This shows that
-- one kind of row and no more of it than is served anyway.
create function files.public_image(file_id uuid) returns table (storage_key text, size bigint)
    language sql stable security definer set search_path = pg_catalog
    as $$ select f.storage_key, f.size from files.files f where f.id = file_id and f.purpose = 'product_image' and f.state = 'ready' $$;
revoke execute on function files.public_image(uuid) from public;
grant execute on function files.public_image(uuid) to mallgram_app;
