-- Catalogue in full: offers, quantity breaks, markets, landed cost, price history, stock movements, what a supplier's run changed,
-- category closure and mapping of supplier categories, attributes, tags, brands, flags, quality filters.
-- Locks: catalog.prices, catalog.listings, catalog.products and catalog.categories are rewritten or altered; run while no import runs.
-- Undo: restore the database from before; the old columns are dropped.

create function kernel.currency_exponent(currency char(3)) returns int language sql immutable parallel safe as $$
    select case when currency in ('XAF', 'XOF', 'UGX', 'RWF', 'GNF', 'BIF', 'DJF', 'KMF') then 0 when currency = 'TND' then 3 else 2 end
$$;

-- Taxes are facts of the world, dated, never changed in place. Percent of the net price.
create table catalog.tax_rates (
    id         uuid    primary key default gen_random_uuid(),
    country    char(2) not null,
    name       text    not null,                     -- 'VAT', 'NHIL': one row each, shown apart on an invoice
    percent    numeric not null check (percent >= 0 and percent < 100),
    valid_from date    not null,
    valid_to   date    check (valid_to >= valid_from),
    source     text    not null,
    unique (country, name, valid_from)
);
grant select on catalog.tax_rates to mallgram_app;
grant select, insert, update, delete on catalog.tax_rates to mallgram_platform;
insert into catalog.tax_rates (country, name, percent, valid_from, valid_to, source) values
    ('ZA', 'VAT', 15, '2018-04-01', null, 'VAT Act s. 7'),
    ('CM', 'VAT', 19.25, '2005-01-01', null, 'General Tax Code: 17.5 plus 10 % council surcharge'),
    ('SN', 'VAT', 18, '2001-09-20', null, 'General Tax Code'),
    ('NG', 'VAT', 7.5, '2020-02-01', null, 'Nigeria Tax Act 2025 s. 148'),
    ('KE', 'VAT', 16, '2013-09-02', null, 'VAT Act 2013'),
    ('GH', 'VAT', 15, '2026-01-01', null, 'Act 1151'),
    ('GH', 'NHIL', 2.5, '2026-01-01', null, 'Act 1151'),
    ('GH', 'GETFund', 2.5, '2026-01-01', null, 'Act 1151'),
    ('IN', 'GST', 18, '2025-09-22', null, 'Notification 9/2025, the slab of most goods');

-- A market: a currency the store sells in, and the destination whose freight, duty and taxes its prices cover.
create table catalog.markets (
    store_id             uuid    not null,
    currency             char(3) not null,
    country              char(2) not null,           -- ISO 3166-1: destination
    is_default           boolean not null,           -- the store's own currency
    rounding_step        bigint  not null check (rounding_step > 0),   -- minor units: prices are rounded up to it
    ending               bigint  not null default 0, -- a price is this modulo the step: 99 with step 100 gives 1 299,99
    freight_per_item     bigint  not null default 0 check (freight_per_item >= 0),   -- minor units
    freight_per_kg       bigint  not null default 0 check (freight_per_kg >= 0),     -- minor units
    default_weight_grams int     not null default 500 check (default_weight_grams >= 0),  -- for items whose weight is unknown
    duty_percent         numeric not null default 0 check (duty_percent >= 0 and duty_percent < 500),  -- of goods and freight
    tax_percent          numeric check (tax_percent >= 0 and tax_percent < 100),     -- null: the sum of the country's tax_rates of the day
    covers_tax           boolean not null default true,                -- import tax on goods, freight and duty is part of the landed cost
    fx_buffer_percent    numeric not null default 2 check (fx_buffer_percent >= 0 and fx_buffer_percent < 100),  -- on foreign costs
    gateway_fee_percent  numeric not null default 3 check (gateway_fee_percent >= 0 and gateway_fee_percent < 50),  -- of the price
    gateway_fee_fixed    bigint  not null default 0 check (gateway_fee_fixed >= 0),  -- minor units
    created_at           timestamptz not null default now(),
    updated_at           timestamptz not null default now(),
    primary key (store_id, currency),
    check (ending >= 0 and ending < rounding_step)
);
create unique index markets_default on catalog.markets (store_id) where is_default;
call kernel.wall_off('catalog.markets');
call kernel.keep_updated_at('catalog.markets');
insert into catalog.markets (store_id, currency, country, is_default, rounding_step, ending)
select s.id, s.currency, s.country, true, coalesce(r.rounding_step, 100), coalesce(r.ending, 0)
from stores.stores s left join catalog.price_rules r on r.store_id = s.id and r.is_default;

-- Rules: the first active one that fits, by falling priority; the default one fits everything.
alter table catalog.price_rules
    add column name               text    not null default 'Default' check (length(name) between 1 and 120),
    add column priority           int     not null default 0,
    add column active             boolean not null default true,
    add column supplier           text,                                -- null: any; likewise below
    add column category_id        uuid,                                -- and the categories below it
    add column channel            text check (channel in ('b2c', 'b2b')),
    add column cost_from          bigint check (cost_from >= 0),       -- minor units of the store's currency, inclusive
    add column cost_to            bigint check (cost_to > 0),          -- exclusive
    add column amount_added       bigint  not null default 0,          -- minor units of the store's currency, after the mark-up
    add column min_margin_percent numeric check (min_margin_percent >= 0 and min_margin_percent < 95),  -- of the price, over landed cost
    alter column rounding_step drop not null,                          -- null: the market's; only for the store's own currency
    alter column ending drop not null,
    alter column ending drop default,
    add check (not is_default or (supplier is null and category_id is null and channel is null and cost_from is null and cost_to is null and active)),
    add check ((rounding_step is null) = (ending is null));
update catalog.price_rules set rounding_step = null, ending = null;

-- Categories are the store's own tree; where supplier categories go stands in a table that people may edit.
create table catalog.supplier_categories (
    store_id           uuid        not null,
    supplier           text        not null,
    external_id        text        not null,
    parent_external_id text,
    name               text        not null,
    name_fr            text,
    category_id        uuid,                         -- null: its products have no category
    mapped_by          text        not null check (mapped_by in ('import', 'person')),   -- an import never changes what a person mapped
    excluded           boolean     not null default false,             -- its products are left out
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    primary key (store_id, supplier, external_id),
    foreign key (store_id, category_id) references catalog.categories (store_id, id) deferrable initially deferred
);
create index supplier_categories_of_category on catalog.supplier_categories (store_id, category_id);
call kernel.wall_off('catalog.supplier_categories');
call kernel.keep_updated_at('catalog.supplier_categories');
insert into catalog.supplier_categories (store_id, supplier, external_id, parent_external_id, name, name_fr, category_id, mapped_by)
select c.store_id, c.supplier, c.external_id, p.external_id, c.name, c.name_fr, c.id, 'import'
from catalog.categories c left join catalog.categories p on p.store_id = c.store_id and p.id = c.parent_id;

alter table catalog.categories
    drop column supplier,
    drop column external_id,
    add column position           int     not null default 0,
    add column active             boolean not null default true,       -- false: not shown, its products are
    add column description        text,
    add column description_fr     text,
    add column image              text,                                -- https address or 'file:fil_…'
    add column seo_title          text,
    add column seo_title_fr       text,
    add column seo_description    text,
    add column seo_description_fr text,
    add column locked_fields      text[]  not null default '{}',       -- edited by a person: imports leave them alone
    add check (parent_id is distinct from id);

create table catalog.category_closure (
    store_id      uuid not null,
    ancestor_id   uuid not null,
    descendant_id uuid not null,
    depth         int  not null,                     -- 0: the category itself
    primary key (store_id, ancestor_id, descendant_id),
    foreign key (store_id, ancestor_id) references catalog.categories (store_id, id) on delete cascade deferrable initially deferred,
    foreign key (store_id, descendant_id) references catalog.categories (store_id, id) on delete cascade deferrable initially deferred
);
create index category_closure_up on catalog.category_closure (store_id, descendant_id);
call kernel.wall_off('catalog.category_closure');

-- Makes paths and closure of the current store's categories right after the tree was changed; refuses a circle. Writes only what differs.
create function catalog.rebuild_category_tree() returns void language plpgsql as $$
begin
    create temporary table tree_now on commit drop as
        with recursive up as (
            select id as descendant_id, id as ancestor_id, parent_id, 0 as depth from catalog.categories where store_id = kernel.current_store()
            union all
            select u.descendant_id, c.id, c.parent_id, u.depth + 1
            from up u join catalog.categories c on c.store_id = kernel.current_store() and c.id = u.parent_id
            where u.depth < 100)
        select ancestor_id, descendant_id, depth from up;
    if exists (select from tree_now where depth >= 100 or (depth > 0 and ancestor_id = descendant_id)) then
        raise exception 'the category tree has a circle or is too deep' using errcode = 'check_violation', constraint = 'category_cycle';
    end if;
    delete from catalog.category_closure c where c.store_id = kernel.current_store() and not exists (
        select from tree_now n where n.ancestor_id = c.ancestor_id and n.descendant_id = c.descendant_id and n.depth = c.depth);
    insert into catalog.category_closure (store_id, ancestor_id, descendant_id, depth)
        select kernel.current_store(), ancestor_id, descendant_id, depth from tree_now on conflict do nothing;
    update catalog.categories c set path = n.path, path_fr = n.path_fr
    from (select t.descendant_id as id, string_agg(a.name, ' > ' order by t.depth desc) as path,
                 string_agg(coalesce(a.name_fr, a.name), ' > ' order by t.depth desc) as path_fr
          from tree_now t join catalog.categories a on a.store_id = kernel.current_store() and a.id = t.ancestor_id group by t.descendant_id) n
    where c.store_id = kernel.current_store() and c.id = n.id and (c.path, c.path_fr) is distinct from (n.path, n.path_fr);
    drop table tree_now;
end $$;

do $$
declare
    v_store uuid;
begin
    for v_store in select distinct store_id from catalog.categories loop
        perform set_config('app.store_id', v_store::text, true);
        perform catalog.rebuild_category_tree();
    end loop;
    perform set_config('app.store_id', '', true);
end $$;

create table catalog.brands (
    store_id    uuid        not null,
    slug        text        not null,
    name        text        not null,
    description text,
    image       text,                                -- https address or 'file:fil_…'
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    primary key (store_id, slug)
);
call kernel.wall_off('catalog.brands');
call kernel.keep_updated_at('catalog.brands');

-- Products: what a seller and a person add to them. Goods of the merchant's own have no supplier.
alter table catalog.products
    alter column supplier drop not null,
    alter column external_id drop not null,
    alter column content_hash drop not null,
    add check ((supplier is null) = (external_id is null)),
    add column supplier_category   text,             -- external id; its mapping gives category_id unless that field is locked
    add column brand_slug          text,
    add column seller_id           text,
    add column seller_name         text,
    add column seller_rating       numeric(3, 2) check (seller_rating between 0 and 5),
    add column sales_count         int check (sales_count >= 0),          -- at the supplier's
    add column ships_within_days   int check (ships_within_days >= 0),
    add column weight_grams        int check (weight_grams >= 0),
    add column specifications      jsonb   not null default '[]',      -- [["Material", "Cotton"], …] as the supplier tells
    add column attributes          jsonb   not null default '{}',      -- {"material": "cotton"} by catalog.attributes, checked on the way in
    add column video_url           text,
    add column featured            boolean not null default false,
    add column is_new              boolean,          -- null: for 30 days after it was added
    add column is_best_seller      boolean,          -- null: as computed, see listings
    add column sort_order          int     not null default 0,         -- higher comes first where lists sort by it
    add column low_stock_threshold int check (low_stock_threshold >= 0),
    add column seo_title           text,
    add column seo_title_fr        text,
    add column seo_description     text,
    add column seo_description_fr  text,
    add column locked_fields       text[]  not null default '{}',      -- edited by a person: imports leave them alone
    add column name_key            text,             -- folded, at most 100 characters, for the sort
    add column name_key_fr         text,
    drop constraint products_hidden_by_check,
    add constraint products_hidden_by_check check (hidden_by in ('supplier', 'filter', 'rollback', 'cleanup', 'staff'));
update catalog.products p set name_key = l.name_key, name_key_fr = l.name_key_fr
from catalog.listings l where l.store_id = p.store_id and l.product_id = p.id;
update catalog.products set name_key = left(search_key, 100), name_key_fr = left(search_key, 100) where name_key is null;
alter table catalog.products alter column name_key set not null, alter column name_key_fr set not null;
update catalog.products set brand_slug = trim(both '-' from regexp_replace(lower(unaccent(brand)), '[^a-z0-9]+', '-', 'g'))
where brand is not null;
update catalog.products set brand = null, brand_slug = null where brand_slug = '';
insert into catalog.brands (store_id, slug, name) select store_id, brand_slug, min(brand) from catalog.products
where brand_slug is not null group by store_id, brand_slug;
alter table catalog.products
    add check ((brand is null) = (brand_slug is null)),
    add foreign key (store_id, brand_slug) references catalog.brands (store_id, slug);
update catalog.products p set supplier_category = m.external_id
from catalog.supplier_categories m where m.store_id = p.store_id and m.supplier = p.supplier and m.category_id = p.category_id;
create index products_supplier_category on catalog.products (store_id, supplier, supplier_category);

alter table catalog.variants
    alter column external_id drop not null,
    add column image text;                           -- https address or 'file:fil_…'

-- Old addresses live on after a slug was edited.
create table catalog.former_slugs (
    store_id   uuid not null,
    slug       text not null,
    product_id uuid not null,
    primary key (store_id, slug),
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade
);
call kernel.wall_off('catalog.former_slugs');

create table catalog.product_tags (
    store_id   uuid not null,
    tag        text not null check (tag = lower(tag) and length(tag) between 1 and 60),
    product_id uuid not null,
    primary key (store_id, tag, product_id),
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade
);
create index product_tags_of_product on catalog.product_tags (store_id, product_id);
call kernel.wall_off('catalog.product_tags');

-- Typed attributes of the store; one bound to a category is for products in it and below.
create table catalog.attributes (
    store_id           uuid        not null,
    code               text        not null check (code ~ '^[a-z][a-z0-9_]{0,59}$'),
    name               text        not null,
    name_fr            text,
    kind               text        not null check (kind in ('text', 'number', 'boolean', 'choice')),
    unit               text,                         -- 'cm', shown after a number
    choices            text[]      not null default '{}',
    category_id        uuid,
    from_specification text,                         -- filled by imports from the supplier's specification of this name, any case
    filterable         boolean     not null default false,
    position           int         not null default 0,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    primary key (store_id, code),
    foreign key (store_id, category_id) references catalog.categories (store_id, id) on delete cascade,
    check ((kind = 'choice') = (cardinality(choices) > 0))
);
call kernel.wall_off('catalog.attributes');
call kernel.keep_updated_at('catalog.attributes');

-- Offers: the same product sold singly (b2c) and in bulk (b2b). Wholesale begins at two units.
create table catalog.offers (
    store_id              uuid          not null,
    product_id            uuid          not null,
    channel               text          not null check (channel in ('b2c', 'b2b')),
    min_order_quantity    int           not null check (min_order_quantity >= 1),
    bulk_discount_percent numeric(5, 2) check (bulk_discount_percent >= 0 and bulk_discount_percent < 100),  -- off the retail price
    set_by                text          not null check (set_by in ('import', 'person')),  -- an import never changes what a person set
    active                boolean       not null default true,
    created_at            timestamptz   not null default now(),
    updated_at            timestamptz   not null default now(),
    primary key (store_id, product_id, channel),
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade,
    check ((channel = 'b2b') = (min_order_quantity >= 2))
);
call kernel.wall_off('catalog.offers');
call kernel.keep_updated_at('catalog.offers');
insert into catalog.offers (store_id, product_id, channel, min_order_quantity, set_by)
select store_id, id, case when min_order_quantity >= 2 then 'b2b' else 'b2c' end, min_order_quantity, 'import' from catalog.products;

-- What the supplier takes for one unit from a quantity on. Prices are made from it.
create table catalog.costs (
    store_id     uuid    not null,
    variant_id   uuid    not null,
    min_quantity int     not null check (min_quantity >= 1),
    cost         numeric not null check (cost > 0),  -- major units
    list_cost    numeric check (list_cost > cost),   -- before the supplier's discount
    currency     char(3) not null,
    primary key (store_id, variant_id, min_quantity),
    foreign key (store_id, variant_id) references catalog.variants (store_id, id) on delete cascade
) with (fillfactor = 90);
call kernel.wall_off('catalog.costs');
insert into catalog.costs (store_id, variant_id, min_quantity, cost, currency)
select r.store_id, r.variant_id, p.min_order_quantity, r.cost, r.cost_currency
from catalog.prices r join catalog.variants v on v.store_id = r.store_id and v.id = r.variant_id
join catalog.products p on p.store_id = v.store_id and p.id = v.product_id;

-- Prices: one row a variant, currency and quantity break. Every active offer has a row at its smallest order for each variant that is sold.
alter table catalog.prices
    add column min_quantity  int     not null default 1 check (min_quantity >= 1),
    add column landed_cost   bigint  check (landed_cost >= 0),         -- minor units; null: goods of one's own
    add column rule_id       uuid,                                     -- null: set by a person
    add column set_by_person boolean not null default false,           -- a locked price: rules and imports leave amount and compare_at alone
    add column changed_at    timestamptz not null default now(),
    drop column cost,
    drop column cost_currency,
    drop constraint prices_pkey,
    add primary key (store_id, variant_id, currency, min_quantity);
update catalog.prices r set min_quantity = p.min_order_quantity
from catalog.variants v join catalog.products p on p.store_id = v.store_id and p.id = v.product_id
where v.store_id = r.store_id and v.id = r.variant_id and p.min_order_quantity > 1;
alter table catalog.prices alter column min_quantity drop default;
alter table catalog.products drop column channel, drop column min_order_quantity;

-- Why a price or a stock became what it is. Only changes: what a variant started with is in no row.
create table catalog.price_history (
    store_id     uuid        not null,
    id           uuid        not null default gen_random_uuid(),
    variant_id   uuid        not null,
    currency     char(3)     not null,
    min_quantity int         not null,
    before       bigint,                             -- minor units; null: the break is new
    after        bigint,                             -- null: the break was dropped
    before_cost  numeric,                            -- major units of the supplier's currency, where known
    after_cost   numeric,
    cause        text        not null check (cause in ('supplier', 'rate', 'rule', 'person', 'rollback')),
    run_id       uuid,                               -- of the sync or repricing; no key across modules
    rate_id      uuid,
    rule_id      uuid,
    actor        text,                               -- public id of a person
    at           timestamptz not null default now(),
    primary key (store_id, id)
);
create index price_history_of_variant on catalog.price_history (store_id, variant_id, at desc);
create index price_history_of_run on catalog.price_history (store_id, run_id) where run_id is not null;
call kernel.wall_off('catalog.price_history');
call kernel.append_only('catalog.price_history');

create table catalog.stock_movements (
    store_id   uuid        not null,
    id         uuid        not null default gen_random_uuid(),
    variant_id uuid        not null,
    before     int         not null,
    after      int         not null,
    cause      text        not null check (cause in ('supplier', 'order', 'return', 'person', 'rollback')),
    run_id     uuid,
    order_id   uuid,
    actor      text,
    reason     text,
    at         timestamptz not null default now(),
    primary key (store_id, id)
);
create index stock_movements_of_variant on catalog.stock_movements (store_id, variant_id, at desc);
create index stock_movements_of_run on catalog.stock_movements (store_id, run_id) where run_id is not null;
call kernel.wall_off('catalog.stock_movements');
call kernel.append_only('catalog.stock_movements');

-- What a run did to each product, so that it can be undone. The texts of before are kept only when they changed.
create table catalog.import_changes (
    store_id   uuid        not null,
    run_id     uuid        not null,
    product_id uuid        not null,
    kind       text        not null check (kind in ('created', 'updated', 'hidden', 'shown')),
    before     jsonb,
    at         timestamptz not null default now(),
    primary key (store_id, run_id, product_id),
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade
);
call kernel.wall_off('catalog.import_changes');

-- What is left out on the way in, per destination country; the row with country '*' is for countries without one of their own.
create table catalog.quality_filters (
    store_id          uuid          not null,
    country           text          not null check (country = '*' or country ~ '^[A-Z]{2}$'),
    min_seller_rating numeric(3, 2) check (min_seller_rating between 0 and 5),
    min_rating        numeric(3, 2) check (min_rating between 0 and 5),
    min_review_count  int           check (min_review_count >= 0),
    min_stock         int           check (min_stock >= 0),
    require_image     boolean       not null default false,
    min_price         bigint        check (min_price >= 0),            -- minor units of the market's currency
    max_price         bigint        check (max_price > 0),
    banned_words      text[]        not null default '{}',             -- whole words of the names, any case and accents
    banned_categories uuid[]        not null default '{}',             -- and those below them
    created_at        timestamptz   not null default now(),
    updated_at        timestamptz   not null default now(),
    primary key (store_id, country)
);
call kernel.wall_off('catalog.quality_filters');
call kernel.keep_updated_at('catalog.quality_filters');

-- Lists: one narrow row a product, currency and channel. The primary one stands for the product where no channel is asked for.
drop table catalog.listings;
create table catalog.listings (
    store_id           uuid        not null,
    product_id         uuid        not null,
    currency           char(3)     not null,
    channel            text        not null,
    is_primary         boolean     not null,         -- the retail offer, or the only one
    category_id        uuid,
    brand_slug         text,
    min_order_quantity int         not null,
    price              bigint      not null,         -- of the cheapest variant at the smallest order
    compare_at         bigint,                       -- of the same variant
    in_stock           boolean     not null,         -- some variant has the smallest order available
    rating_hundredths  int         not null,         -- 490 is 4.9, 0 when nobody rated; whole, because comparing numerics is not
                                                     -- leakproof and would keep the index from being used under row-level security
    review_count       int         not null,
    ships_within_days  int,
    featured           boolean     not null,
    best_seller        boolean     not null,
    new_until          timestamptz not null,         -- new before then; -infinity and infinity when a person said so
    sort_order         int         not null,
    name_key           text        not null,         -- folded, for the sort
    name_key_fr        text        not null,
    created_at         timestamptz not null,
    updated_at         timestamptz not null default now(),
    primary key (store_id, product_id, currency, channel),
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade
) with (fillfactor = 90);
create index listings_price on catalog.listings (store_id, currency, price, product_id) where is_primary;
create index listings_newest on catalog.listings (store_id, currency, created_at, product_id) where is_primary;
create index listings_rating on catalog.listings (store_id, currency, rating_hundredths, review_count, product_id) where is_primary;
create index listings_name on catalog.listings (store_id, currency, name_key collate "C", product_id) where is_primary;
create index listings_name_fr on catalog.listings (store_id, currency, name_key_fr collate "C", product_id) where is_primary;
create index listings_sort_order on catalog.listings (store_id, currency, sort_order, created_at, product_id) where is_primary;
create index listings_b2b_price on catalog.listings (store_id, currency, price, product_id) where channel = 'b2b';
create index listings_b2b_newest on catalog.listings (store_id, currency, created_at, product_id) where channel = 'b2b';
create index listings_category on catalog.listings (store_id, currency, category_id);
create index listings_brand on catalog.listings (store_id, currency, brand_slug) where brand_slug is not null;
call kernel.wall_off('catalog.listings');
call kernel.keep_updated_at('catalog.listings');

-- Best sellers as computed by the job; a person's word in products.is_best_seller wins.
create table catalog.best_sellers (
    store_id   uuid not null,
    product_id uuid not null,
    units      bigint not null,                      -- ordered and paid in the period
    primary key (store_id, product_id),
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade
);
call kernel.wall_off('catalog.best_sellers');

-- Makes the listings of products right after anything they show has changed: the one place that writes them, but for in_stock.
-- Call it last in a transaction: locks go stock first, listings after, each in id order.
create function catalog.refresh_listings(p_products uuid[]) returns void language plpgsql as $$
begin
    perform from catalog.listings where store_id = kernel.current_store() and product_id = any(p_products)
    order by product_id, currency, channel for update;

    with shown as materialized (
        select p.store_id, p.id as product_id, best.currency, o.channel,
               o.channel = 'b2c' or not exists (
                   select from catalog.offers b where b.store_id = p.store_id and b.product_id = p.id and b.channel = 'b2c' and b.active) as is_primary,
               p.category_id, p.brand_slug, o.min_order_quantity, best.amount as price, best.compare_at, best.in_stock,
               coalesce(p.rating * 100, 0)::int as rating_hundredths, p.review_count, p.ships_within_days, p.featured,
               coalesce(p.is_best_seller, s.product_id is not null) as best_seller,
               case when p.is_new then 'infinity' when not p.is_new then '-infinity' else p.created_at + interval '30 days' end as new_until,
               p.sort_order, p.name_key, p.name_key_fr, p.created_at
        from catalog.products p
        cross join lateral (
            select f.channel, f.min_order_quantity from catalog.offers f
            where f.store_id = p.store_id and f.product_id = p.id and f.active offset 0) o
        left join catalog.best_sellers s on s.store_id = p.store_id and s.product_id = p.id
        -- "offset 0" keeps the way from product to variant to price: without statistics (a first import) the planner would begin with
        -- the prices of the whole store, for each product anew.
        cross join lateral (
            select distinct on (r.currency) r.currency, r.amount, r.compare_at,
                   bool_or(t.available >= o.min_order_quantity) over (partition by r.currency) as in_stock
            from catalog.variants v
            cross join lateral (
                select x.currency, x.amount, x.compare_at from catalog.prices x
                where x.store_id = v.store_id and x.variant_id = v.id and x.min_quantity = o.min_order_quantity offset 0) r
            cross join lateral (
                select y.on_hand - y.reserved as available from catalog.stock y
                where y.store_id = v.store_id and y.variant_id = v.id offset 0) t
            where v.store_id = p.store_id and v.product_id = p.id and v.active
            order by r.currency, r.amount, v.position) best
        where p.store_id = kernel.current_store() and p.id = any(p_products) and p.status = 'active'),
    gone as (
        delete from catalog.listings l
        where l.store_id = kernel.current_store() and l.product_id = any(p_products) and not exists (
            select from shown s where s.product_id = l.product_id and s.currency = l.currency and s.channel = l.channel))
    insert into catalog.listings as l (
        store_id, product_id, currency, channel, is_primary, category_id, brand_slug, min_order_quantity, price, compare_at, in_stock,
        rating_hundredths, review_count, ships_within_days, featured, best_seller, new_until, sort_order, name_key, name_key_fr, created_at)
    select * from shown
    on conflict (store_id, product_id, currency, channel) do update set
        is_primary = excluded.is_primary, category_id = excluded.category_id, brand_slug = excluded.brand_slug,
        min_order_quantity = excluded.min_order_quantity, price = excluded.price, compare_at = excluded.compare_at,
        in_stock = excluded.in_stock, rating_hundredths = excluded.rating_hundredths, review_count = excluded.review_count,
        ships_within_days = excluded.ships_within_days, featured = excluded.featured, best_seller = excluded.best_seller,
        new_until = excluded.new_until, sort_order = excluded.sort_order, name_key = excluded.name_key, name_key_fr = excluded.name_key_fr
    where (l.is_primary, l.category_id, l.brand_slug, l.min_order_quantity, l.price, l.compare_at, l.in_stock, l.rating_hundredths,
           l.review_count, l.ships_within_days, l.featured, l.best_seller, l.new_until, l.sort_order, l.name_key, l.name_key_fr)
        is distinct from (excluded.is_primary, excluded.category_id, excluded.brand_slug, excluded.min_order_quantity, excluded.price,
            excluded.compare_at, excluded.in_stock, excluded.rating_hundredths, excluded.review_count, excluded.ships_within_days,
            excluded.featured, excluded.best_seller, excluded.new_until, excluded.sort_order, excluded.name_key, excluded.name_key_fr);
end $$;

create or replace function catalog.refresh_in_stock(p_products uuid[]) returns void language plpgsql as $$
declare
    v_product uuid;
begin
    for v_product in select distinct u from unnest(p_products) u order by u loop
        perform from catalog.listings where store_id = kernel.current_store() and product_id = v_product order by currency, channel for update;
        update catalog.listings l set in_stock = not l.in_stock
        where l.store_id = kernel.current_store() and l.product_id = v_product and l.in_stock <> exists (
            select from catalog.variants v join catalog.stock s on s.store_id = v.store_id and s.variant_id = v.id
            where v.store_id = l.store_id and v.product_id = v_product and v.active and s.on_hand - s.reserved >= l.min_order_quantity
                and exists (select from catalog.prices r where r.store_id = v.store_id and r.variant_id = v.id and r.currency = l.currency));
    end loop;
end $$;

-- Prices of a store have one writer at a time, until the end of its transaction: whoever read costs or rules before another one changed them
-- would write prices that are no longer true. Take it before reading what prices are made from; the second time in a transaction is free.
create procedure catalog.lock_prices() language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('catalog.prices:' || kernel.current_store(), 0));
end $$;

-- Takes prices from the temporary table staged_prices (variant_id uuid, currency char(3), min_quantity int, amount bigint, compare_at bigint,
-- landed_cost bigint, rate_id uuid, rule_id uuid), which holds every break of every variant in it, and records what changed and why.
-- A break that is no longer there is dropped; a price set by a person keeps its amount for as long as there is its market. Costs from before
-- come from the temporary table staged_costs_before (variant_id uuid, min_quantity int, cost numeric) if the caller made one; costs of
-- variants that are not in it did not change. A newer rate alone, which leaves all figures as they are, writes nothing.
-- Returns the variants whose pages look different now; the caller refreshes listings.
create function catalog.apply_staged_prices(p_cause text, p_run uuid, p_actor text) returns setof uuid language plpgsql as $$
begin
    call catalog.lock_prices();
    if to_regclass('pg_temp.staged_costs_before') is null then
        create temporary table staged_costs_before (variant_id uuid, min_quantity int, cost numeric) on commit drop;
    end if;

    return query
    with old as materialized (
        select r.* from catalog.prices r
        where r.store_id = kernel.current_store() and r.variant_id in (select variant_id from staged_prices)),
    dropped as (
        delete from catalog.prices r using old o
        where r.store_id = o.store_id and r.variant_id = o.variant_id and r.currency = o.currency and r.min_quantity = o.min_quantity
          and not exists (
            select from staged_prices s where s.variant_id = o.variant_id and s.currency = o.currency and s.min_quantity = o.min_quantity)
          and not (o.set_by_person and exists (
            select from catalog.markets m where m.store_id = o.store_id and m.currency = o.currency))
        returning o.variant_id, o.currency, o.min_quantity, o.amount),
    written as (
        insert into catalog.prices as r (
            store_id, variant_id, currency, min_quantity, amount, compare_at, landed_cost, rate_id, rule_id, changed_at)
        select kernel.current_store(), s.variant_id, s.currency, s.min_quantity, s.amount, s.compare_at, s.landed_cost, s.rate_id, s.rule_id, now()
        from staged_prices s
        on conflict (store_id, variant_id, currency, min_quantity) do update set
            amount = case when r.set_by_person then r.amount else excluded.amount end,
            compare_at = case when r.set_by_person then r.compare_at else excluded.compare_at end,
            rule_id = case when r.set_by_person then null else excluded.rule_id end,
            landed_cost = excluded.landed_cost, rate_id = excluded.rate_id,
            changed_at = case when r.set_by_person or r.amount = excluded.amount then r.changed_at else now() end
        where r.landed_cost is distinct from excluded.landed_cost
           or (not r.set_by_person
               and (r.amount, r.compare_at, r.rule_id) is distinct from (excluded.amount, excluded.compare_at, excluded.rule_id))
        returning r.variant_id, r.currency, r.min_quantity, r.amount, r.compare_at, r.rate_id, r.rule_id),
    changed as (
        select w.variant_id, w.currency, w.min_quantity, o.amount as before, w.amount as after, w.rate_id, w.rule_id
        from written w left join old o on o.variant_id = w.variant_id and o.currency = w.currency and o.min_quantity = w.min_quantity
        where (o.amount, o.compare_at) is distinct from (w.amount, w.compare_at)
        union all
        select variant_id, currency, min_quantity, amount, null, null, null from dropped),
    recorded as (
        insert into catalog.price_history (
            store_id, variant_id, currency, min_quantity, before, after, before_cost, after_cost, cause, run_id, rate_id, rule_id, actor)
        select kernel.current_store(), c.variant_id, c.currency, c.min_quantity, c.before, c.after,
               case when exists (select from staged_costs_before b where b.variant_id = c.variant_id) then (
                   select b.cost from staged_costs_before b
                   where b.variant_id = c.variant_id and b.min_quantity <= c.min_quantity order by b.min_quantity desc limit 1)
               else k.cost end,
               k.cost, p_cause, p_run, c.rate_id, c.rule_id, p_actor
        from changed c
        left join lateral (
            select x.cost from catalog.costs x
            where x.store_id = kernel.current_store() and x.variant_id = c.variant_id and x.min_quantity <= c.min_quantity
            order by x.min_quantity desc limit 1) k on true
        where c.before is distinct from c.after
          -- What a variant starts with in a market is no change.
          and exists (select from old o where o.variant_id = c.variant_id and o.currency = c.currency))
    select distinct c.variant_id from changed c;
end $$;

-- Takes stock from the temporary table staged_stock (variant_id uuid, on_hand int) and records what changed and why.
-- Locks in variant order, as orders do. Returns the variants that changed; the caller refreshes listings.
create function catalog.apply_staged_stock(p_cause text, p_run uuid, p_actor text, p_reason text) returns setof uuid language plpgsql as $$
begin
    perform from catalog.stock s where s.store_id = kernel.current_store() and s.variant_id in (select variant_id from staged_stock)
    order by s.variant_id for update;
    return query
    with old as materialized (
        select t.variant_id, t.on_hand from catalog.stock t
        where t.store_id = kernel.current_store() and t.variant_id in (select variant_id from staged_stock)),
    written as (
        insert into catalog.stock as t (store_id, variant_id, on_hand) select kernel.current_store(), s.variant_id, s.on_hand from staged_stock s
        on conflict (store_id, variant_id) do update set on_hand = excluded.on_hand where t.on_hand <> excluded.on_hand
        returning t.variant_id, t.on_hand),
    recorded as (
        insert into catalog.stock_movements (store_id, variant_id, before, after, cause, run_id, actor, reason)
        select kernel.current_store(), w.variant_id, o.on_hand, w.on_hand, p_cause, p_run, p_actor, p_reason
        from written w join old o on o.variant_id = w.variant_id)
    select variant_id from written;
end $$;

do $$
declare
    v_store uuid;
begin
    for v_store in select distinct store_id from catalog.products loop
        perform set_config('app.store_id', v_store::text, true);
        perform catalog.refresh_listings(array(select id from catalog.products where store_id = v_store));
    end loop;
    perform set_config('app.store_id', '', true);
end $$;

-- The names of the original design, for reading only. The caller's rights and walls apply; with no store set they are empty.
create view public.products with (security_invoker = true) as
    select p.id, p.external_id, p.name, p.category_id, (l.price / 10.0 ^ kernel.currency_exponent(l.currency))::numeric(12, 2) as price_mallgram,
           false as is_retailer, p.seller_rating, p.review_count, p.created_at, p.updated_at
    from catalog.products p
    join catalog.markets m on m.store_id = p.store_id and m.is_default
    join catalog.listings l on l.store_id = p.store_id and l.product_id = p.id and l.currency = m.currency and l.channel = 'b2c';
create view public.products_retailer with (security_invoker = true) as
    select p.id, p.external_id, p.name, p.category_id, (l.price / 10.0 ^ kernel.currency_exponent(l.currency))::numeric(12, 2) as price_mallgram,
           true as is_retailer, p.seller_rating, p.review_count, p.created_at, p.updated_at, l.min_order_quantity, o.bulk_discount_percent
    from catalog.products p
    join catalog.markets m on m.store_id = p.store_id and m.is_default
    join catalog.listings l on l.store_id = p.store_id and l.product_id = p.id and l.currency = m.currency and l.channel = 'b2b'
    join catalog.offers o on o.store_id = p.store_id and o.product_id = p.id and o.channel = 'b2b';
create view public.categories with (security_invoker = true) as
    select id, parent_id, slug, name, name_fr, path, created_at, updated_at from catalog.categories where active;
grant select on public.products, public.products_retailer, public.categories to mallgram_app, mallgram_platform;
