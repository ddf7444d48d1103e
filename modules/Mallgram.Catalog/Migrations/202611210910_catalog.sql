-- Catalog: categories, products with variants, prices, stock and its reservations, what lists show, exchange rates, price rules.
-- Texts (GIN-indexed, seldom written) and figures (prices, stock, listings: narrow, often written) live in different tables on purpose.
-- New tables only: no long locks. Undo: drop schema catalog cascade.

create schema catalog;
grant usage on schema catalog to mallgram_app, mallgram_platform;

-- Full text in both languages, blind to accents: "ecouteurs" finds "Écouteurs".
create text search configuration catalog.en (copy = pg_catalog.english);
alter text search configuration catalog.en alter mapping for hword, hword_part, word with unaccent, english_stem;
create text search configuration catalog.fr (copy = pg_catalog.french);
alter text search configuration catalog.fr alter mapping for hword, hword_part, word with unaccent, french_stem;

-- Rates are facts of the world, not of a store. A row is never changed: prices name the row they used.
create table catalog.exchange_rates (
    id     uuid    primary key,
    base   char(3) not null,
    quote  char(3) not null check (quote <> base),
    rate   numeric not null check (rate > 0),        -- units of quote for one unit of base
    as_of  date    not null,
    source text    not null,                         -- 'seed' or the name of the provider
    unique (base, quote, as_of, source)
);
grant select on catalog.exchange_rates to mallgram_app;
grant select, insert, update, delete on catalog.exchange_rates to mallgram_platform;

create table catalog.price_rules (
    store_id       uuid    not null,
    id             uuid    not null,
    is_default     boolean not null,
    markup_percent numeric not null check (markup_percent >= 0),
    rounding_step  bigint  not null check (rounding_step > 0),  -- minor units of the store's currency: prices are rounded up to it
    ending         bigint  not null default 0,                  -- a price is this modulo the step: 99 with step 100 gives 1 299,99
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    primary key (store_id, id),
    check (ending >= 0 and ending < rounding_step)
);
create unique index price_rules_default on catalog.price_rules (store_id) where is_default;
call kernel.wall_off('catalog.price_rules');
call kernel.keep_updated_at('catalog.price_rules');

create table catalog.categories (
    store_id    uuid        not null,
    id          uuid        not null,
    supplier    text        not null,
    external_id text        not null,
    parent_id   uuid,
    slug        text        not null,
    name        text        not null,
    name_fr     text,
    path        text        not null,                -- 'Hobbies > Trains': names from the root
    path_fr     text,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    primary key (store_id, id),
    unique (store_id, supplier, external_id),
    unique (store_id, slug),
    -- Checked at the end of the transaction: a tree is written in one statement, in any order.
    foreign key (store_id, parent_id) references catalog.categories (store_id, id) deferrable initially deferred
);
create index categories_children on catalog.categories (store_id, parent_id);
create index categories_path on catalog.categories (store_id, path, id);
call kernel.wall_off('catalog.categories');
call kernel.keep_updated_at('catalog.categories');

create table catalog.products (
    store_id           uuid          not null,
    id                 uuid          not null,
    slug               text          not null,       -- given once, so that addresses live on
    supplier           text          not null,
    external_id        text          not null,
    name               text          not null,
    name_fr            text,
    description        text,                         -- plain text: no markup gets past the import
    description_fr     text,
    category_id        uuid,
    brand              text,
    channel            text          not null check (channel in ('b2c', 'b2b')),
    min_order_quantity int           not null default 1 check (min_order_quantity >= 1),
    rating             numeric(3, 2) check (rating between 0 and 5),   -- null: nobody rated
    review_count       int           not null default 0 check (review_count >= 0),
    image_url          text,
    images             text[]        not null default '{}',
    status             text          not null check (status in ('active', 'hidden')),
    hidden_by          text          check (hidden_by in ('supplier', 'staff')),  -- an import may only undo what it did
    content_hash       bytea         not null,       -- of what the supplier sent; equal means nothing to write
    search_key         text          not null,       -- both names folded to plain lower-case letters, for words with typing errors
    search             tsvector      generated always as (
        setweight(to_tsvector('catalog.en', name), 'A') || setweight(to_tsvector('catalog.fr', coalesce(name_fr, '')), 'A')
        || setweight(to_tsvector('catalog.en', coalesce(brand, '')), 'B')
        || setweight(to_tsvector('catalog.en', coalesce(description, '')), 'D')
        || setweight(to_tsvector('catalog.fr', coalesce(description_fr, '')), 'D')) stored,
    created_at         timestamptz   not null default now(),
    updated_at         timestamptz   not null default now(),
    primary key (store_id, id),
    unique (store_id, slug),
    unique (store_id, supplier, external_id),
    foreign key (store_id, category_id) references catalog.categories (store_id, id),
    check ((status = 'hidden') = (hidden_by is not null))
) with (fillfactor = 90);
create index products_search on catalog.products using gin (search);
create index products_search_key on catalog.products using gin (search_key gin_trgm_ops);
create index products_category on catalog.products (store_id, category_id);
call kernel.wall_off('catalog.products');
call kernel.keep_updated_at('catalog.products');

create table catalog.variants (
    store_id    uuid        not null,
    id          uuid        not null,
    product_id  uuid        not null,
    external_id text        not null,
    sku         text        not null,
    name        text,                                -- 'Blue, M'; null when there is nothing to choose
    options     jsonb       not null default '[]',   -- [["Color", "Blue"], …] in the supplier's order
    position    int         not null,
    active      boolean     not null default true,   -- false: the supplier dropped it; orders still refer to it
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now(),
    primary key (store_id, id),
    unique (store_id, sku),
    unique (store_id, product_id, external_id),
    foreign key (store_id, product_id) references catalog.products (store_id, id)
);
call kernel.wall_off('catalog.variants');
call kernel.keep_updated_at('catalog.variants');

create table catalog.prices (
    store_id      uuid    not null,
    variant_id    uuid    not null,
    currency      char(3) not null,                  -- the store's
    amount        bigint  not null check (amount > 0),
    compare_at    bigint  check (compare_at > amount),
    cost          numeric not null check (cost > 0), -- what the supplier takes, in major units
    cost_currency char(3) not null,
    rate_id       uuid    references catalog.exchange_rates (id),  -- null: the supplier's currency is the store's
    primary key (store_id, variant_id, currency),
    foreign key (store_id, variant_id) references catalog.variants (store_id, id)
) with (fillfactor = 90);
call kernel.wall_off('catalog.prices');

create table catalog.stock (
    store_id   uuid not null,
    variant_id uuid not null,
    on_hand    int  not null check (on_hand >= 0),   -- as the supplier says; may fall below reserved
    reserved   int  not null default 0 check (reserved >= 0),
    primary key (store_id, variant_id),
    foreign key (store_id, variant_id) references catalog.variants (store_id, id)
) with (fillfactor = 80);
call kernel.wall_off('catalog.stock');

create table catalog.reservations (
    store_id   uuid        not null,
    order_id   uuid        not null,                 -- no key across modules
    variant_id uuid        not null,
    quantity   int         not null check (quantity > 0),
    status     text        not null check (status in ('held', 'committed', 'released')),
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (store_id, order_id, variant_id),
    foreign key (store_id, variant_id) references catalog.stock (store_id, variant_id)
);
create index reservations_expiring on catalog.reservations (expires_at) where status = 'held';
call kernel.wall_off('catalog.reservations');
call kernel.keep_updated_at('catalog.reservations');

-- What lists show, one narrow row for each product that is active and has a price: no GIN index here, one btree for each sort.
create table catalog.listings (
    store_id     uuid          not null,
    product_id   uuid          not null,
    category_id  uuid,
    channel      text          not null,
    currency     char(3)       not null,
    price        bigint        not null,             -- of the cheapest variant
    compare_at   bigint,                             -- of the same variant
    in_stock     boolean       not null,             -- some variant is available
    rating_hundredths int      not null,             -- 490 is 4.9, 0 when nobody rated; whole, because comparing numerics is not
                                                     -- leakproof and would keep the index from being used under row-level security
    review_count int           not null,
    name_key     text          not null,             -- folded, for the sort
    name_key_fr  text          not null,
    created_at   timestamptz   not null default now(),
    updated_at   timestamptz   not null default now(),
    primary key (store_id, product_id),
    foreign key (store_id, product_id) references catalog.products (store_id, id)
) with (fillfactor = 90);
create index listings_price on catalog.listings (store_id, price, product_id);
create index listings_newest on catalog.listings (store_id, created_at, product_id);
create index listings_rating on catalog.listings (store_id, rating_hundredths, review_count, product_id);
create index listings_name on catalog.listings (store_id, name_key collate "C", product_id);
create index listings_name_fr on catalog.listings (store_id, name_key_fr collate "C", product_id);
create index listings_category on catalog.listings (store_id, category_id);
call kernel.wall_off('catalog.listings');
call kernel.keep_updated_at('catalog.listings');

-- Products for what somebody typed: full text in both languages, and when that finds nothing, words that look alike (typing errors).
-- Runs as the owner because the operators of both searches are not leakproof: under row-level security they would read every row.
-- It looks at the current store only, and callers join its ids to catalog.listings, where the wall stands as ever.
create function catalog.find_products(p_query text, p_folded text) returns table (product_id uuid, relevance bigint)
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    v_query tsquery := websearch_to_tsquery('catalog.en', p_query) || websearch_to_tsquery('catalog.fr', p_query);
begin
    return query
        select p.id, round(ts_rank(p.search, v_query) * 1000000)::bigint from catalog.products p
        where p.store_id = kernel.current_store() and p.status = 'active' and p.search @@ v_query;
    if not found then
        perform set_config('pg_trgm.word_similarity_threshold', '0.3', true);
        return query
            select p.id, (
                -- Word by word: in a title, words that belong together need not stand together.
                select round(avg(word_similarity(w, p.search_key)) * 1000000)::bigint from unnest(string_to_array(p_folded, ' ')) w where w <> '')
            from catalog.products p
            where p.store_id = kernel.current_store() and p.status = 'active' and p_folded <% p.search_key
            order by 2 desc, 1 desc limit 500;
    end if;
end $$;

-- Sets in_stock right for products whose stock ran out or came back. The listing is locked before the stock is looked at, so that of two
-- orders that take the last units of two variants the second one sees both gone. Locks: stock first, listings after, each in id order.
create function catalog.refresh_in_stock(p_products uuid[]) returns void language plpgsql as $$
declare
    v_product uuid;
begin
    for v_product in select distinct u from unnest(p_products) u order by u loop
        perform from catalog.listings where store_id = kernel.current_store() and product_id = v_product for update;
        update catalog.listings l set in_stock = now_in_stock.yes
        from (select exists (
            select from catalog.variants v join catalog.stock s on s.store_id = v.store_id and s.variant_id = v.id
            where v.store_id = kernel.current_store() and v.product_id = v_product and v.active and s.on_hand > s.reserved) as yes) now_in_stock
        where l.store_id = kernel.current_store() and l.product_id = v_product and l.in_stock <> now_in_stock.yes;
    end loop;
end $$;

-- Holds stock for an order: sums the lines of a variant, goes through the variants in id order, takes each only if enough is left.
-- Returns the variants held; the caller undoes everything when one is missing.
create function catalog.reserve(p_order uuid, p_variants uuid[], p_quantities int[], p_expires timestamptz) returns setof uuid language plpgsql as $$
declare
    v_line record;
    v_left int;
    v_emptied uuid[] := '{}';
begin
    for v_line in
        select w.variant_id, sum(w.quantity) as quantity from unnest(p_variants, p_quantities) as w(variant_id, quantity)
        group by w.variant_id order by w.variant_id
    loop
        update catalog.stock set reserved = reserved + v_line.quantity
        where store_id = kernel.current_store() and variant_id = v_line.variant_id and on_hand - reserved >= v_line.quantity
        returning on_hand - reserved into v_left;
        if not found then
            continue;
        end if;

        insert into catalog.reservations as r (store_id, order_id, variant_id, quantity, status, expires_at)
        values (kernel.current_store(), p_order, v_line.variant_id, v_line.quantity, 'held', p_expires)
        on conflict (store_id, order_id, variant_id) do update
            set quantity = excluded.quantity, status = 'held', expires_at = excluded.expires_at where r.status = 'released';
        if not found then
            raise exception 'order % holds variant % already', p_order, v_line.variant_id using errcode = 'unique_violation';
        end if;

        if v_left = 0 then
            v_emptied := v_emptied || v_line.variant_id;
        end if;
        return next v_line.variant_id;
    end loop;

    if cardinality(v_emptied) > 0 then
        perform catalog.refresh_in_stock(array(
            select product_id from catalog.variants where store_id = kernel.current_store() and id = any(v_emptied)));
    end if;
end $$;

-- Gives back what an order holds or has committed. Returns the variants.
create function catalog.release(p_order uuid) returns setof uuid language plpgsql as $$
declare
    v_line record;
    v_left int;
    v_refilled uuid[] := '{}';
begin
    for v_line in
        select variant_id, quantity from catalog.reservations
        where store_id = kernel.current_store() and order_id = p_order and status in ('held', 'committed') order by variant_id for update
    loop
        update catalog.stock set reserved = reserved - v_line.quantity
        where store_id = kernel.current_store() and variant_id = v_line.variant_id
        returning on_hand - reserved into v_left;
        update catalog.reservations set status = 'released'
        where store_id = kernel.current_store() and order_id = p_order and variant_id = v_line.variant_id;
        -- It was empty before these units came back.
        if v_left > 0 and v_left <= v_line.quantity then
            v_refilled := v_refilled || v_line.variant_id;
        end if;
        return next v_line.variant_id;
    end loop;

    if cardinality(v_refilled) > 0 then
        perform catalog.refresh_in_stock(array(
            select product_id from catalog.variants where store_id = kernel.current_store() and id = any(v_refilled)));
    end if;
end $$;

-- A mark-up for each preset store: 40 %, rounded up to a whole rand, 50 francs, a whole rupee.
insert into catalog.price_rules (store_id, id, is_default, markup_percent, rounding_step, ending) values
    ('01930000-0000-7000-8000-000000000001', '01930000-0000-7000-8000-000000000101', true, 40, 100, 0),
    ('01930000-0000-7000-8000-000000000002', '01930000-0000-7000-8000-000000000102', true, 40, 50, 0),
    ('01930000-0000-7000-8000-000000000003', '01930000-0000-7000-8000-000000000103', true, 40, 100, 0);

-- Plausible rates to start with, until a provider's come in. XAF and XOF are pegged: 655.957 to the euro.
insert into catalog.exchange_rates (id, base, quote, rate, as_of, source)
select ('01930000-0000-7000-8000-0000000002' || lpad(to_hex(row_number() over ()), 2, '0'))::uuid, base, quote, rate, date '2026-11-01', 'seed'
from (values
    ('USD', 'ZAR', 17.35), ('USD', 'XAF', 565.48), ('USD', 'XOF', 565.48), ('USD', 'NGN', 1465.00), ('USD', 'KES', 129.20),
    ('USD', 'GHS', 11.05), ('USD', 'INR', 88.60), ('USD', 'GBP', 0.7590), ('USD', 'EUR', 0.86207), ('USD', 'CNY', 7.1150),
    ('USD', 'UGX', 3520.00), ('USD', 'RWF', 1452.00), ('USD', 'TZS', 2465.00), ('USD', 'ZMW', 22.60), ('USD', 'MAD', 9.28),
    ('USD', 'EGP', 47.30), ('EUR', 'XAF', 655.957), ('EUR', 'XOF', 655.957)) as seed(base, quote, rate);
