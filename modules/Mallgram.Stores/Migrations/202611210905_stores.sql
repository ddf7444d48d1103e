-- Stores: one row a storefront, and the host names that lead to it. Belongs to no store, so no wall; store code may only read.
-- New tables only: no long locks. Undo: drop schema stores cascade.

create schema stores;
grant usage on schema stores to mallgram_app, mallgram_platform;

create table stores.stores (
    id         uuid        primary key,
    slug       text        not null unique check (slug ~ '^[a-z0-9](-?[a-z0-9])*$' and length(slug) <= 63),
    name       text        not null,
    currency   char(3)     not null,                          -- ISO 4217; every price of the store is in it
    country    char(2)     not null,                          -- ISO 3166-1: where the merchant is
    language   text        not null check (language in ('en', 'fr')),
    email_from text        not null,                          -- sender of the store's mail
    preset     text        not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
call kernel.keep_updated_at('stores.stores');
grant select on stores.stores to mallgram_app;
grant select, insert, update on stores.stores to mallgram_platform;

create table stores.domains (
    host     text primary key check (host = lower(host)),
    store_id uuid not null references stores.stores (id) on delete cascade
);
grant select on stores.domains to mallgram_app;
grant select, insert, update, delete on stores.domains to mallgram_platform;

-- The presets that ship. Ids are fixed so that every installation and every test agrees on them.
insert into stores.stores (id, slug, name, currency, country, language, email_from, preset) values
    ('01930000-0000-7000-8000-000000000001', 'mallgram', 'Mallgram', 'ZAR', 'ZA', 'en', 'Mallgram <no-reply@mallgram.test>', 'mallgram'),
    ('01930000-0000-7000-8000-000000000002', 'dakarcafe', 'DakarCafé', 'XOF', 'SN', 'fr', 'DakarCafé <no-reply@dakarcafe.test>', 'dakarcafe'),
    ('01930000-0000-7000-8000-000000000003', 'pickle-paradise', 'Pickle Paradise', 'INR', 'IN', 'en', 'Pickle Paradise <no-reply@pickle-paradise.test>', 'pickle-paradise');
