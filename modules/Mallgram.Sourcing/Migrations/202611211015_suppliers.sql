-- Sourcing: calls a day of each app key, categories as products name them, Alibaba for the store mallgram.
-- New tables and one row: no long locks.
-- Undo: drop table sourcing.call_quota, sourcing.seen_categories; delete from sourcing.supplier_accounts where supplier = 'alibaba';

-- Belongs to no store: the quota is the app key's, whichever store calls. Written by the platform role alone.
create table sourcing.call_quota (
    supplier     text not null,
    app_key_hash text not null,                      -- SHA-256, first 16 bytes, hex
    day          date not null,                      -- GMT+8, as the platform counts
    calls        int  not null check (calls >= 0),   -- handed out to processes in blocks, used or not
    last_block   int  not null,                      -- size of the block handed out last
    primary key (supplier, app_key_hash, day)
) with (fillfactor = 50);
grant select, insert, update, delete on sourcing.call_quota to mallgram_platform;

-- Of suppliers that have no list of categories: what their products say they belong to. Becomes the category list of the next run.
create table sourcing.seen_categories (
    store_id    uuid not null,
    supplier    text not null,
    external_id text not null,
    name        text not null,
    primary key (store_id, supplier, external_id),
    foreign key (store_id, supplier) references sourcing.supplier_accounts (store_id, supplier) on delete cascade
);
call kernel.wall_off('sourcing.seen_categories');

-- Without settings for Alibaba in the installation, a sync passes this account over.
insert into sourcing.supplier_accounts (store_id, supplier, enabled) values ('01930000-0000-7000-8000-000000000001', 'alibaba', true)
on conflict do nothing;
