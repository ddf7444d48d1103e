-- Merchandising and inventory: curated collections, settings, what runs low, the release of holds nobody paid for.
-- Locks: small indexes are made on catalog.products, prices, variants and reservations (SHARE: writers wait meanwhile). The rest is new.
-- Undo: drop what is created here and take catalog.reserve from 202611210910_catalog.sql again.

create table catalog.collections (
    store_id       uuid        not null,
    id             uuid        not null,
    slug           text        not null,
    name           text        not null,
    name_fr        text,
    description    text,
    description_fr text,
    image          text,                             -- https address or 'file:fil_…'
    active         boolean     not null default true,
    sort           int         not null default 0,   -- of the collection among the others, lowest first
    rules          jsonb,                            -- null: put together by hand; else {"category_id", "tag", "brand", "max_price", "min_rating", "flag"}
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    primary key (store_id, id),
    unique (store_id, slug)
);
call kernel.wall_off('catalog.collections');
call kernel.keep_updated_at('catalog.collections');

-- What is in a collection, whether put there by hand or by its rules.
create table catalog.collection_products (
    store_id      uuid not null,
    collection_id uuid not null,
    product_id    uuid not null,
    position      int  not null,                     -- lowest first
    primary key (store_id, collection_id, product_id),
    foreign key (store_id, collection_id) references catalog.collections (store_id, id) on delete cascade,
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade
);
create index collection_products_in_order on catalog.collection_products (store_id, collection_id, position, product_id);
create index collections_of_product on catalog.collection_products (store_id, product_id);
call kernel.wall_off('catalog.collection_products');

-- One row a store that changed a default.
create table catalog.merchandising_settings (
    store_id            uuid        primary key,
    low_stock_threshold int         not null default 5  check (low_stock_threshold >= 0),       -- units available, for products without one
    best_seller_count   int         not null default 50 check (best_seller_count between 1 and 1000),
    best_seller_days    int         not null default 30 check (best_seller_days between 1 and 365),
    created_at          timestamptz not null default now(),
    updated_at          timestamptz not null default now()
);
call kernel.wall_off('catalog.merchandising_settings');
call kernel.keep_updated_at('catalog.merchandising_settings');

-- Variants on sale whose available units are at or below the threshold, as the job found them: a row that appears is an event, once.
create table catalog.low_stock (
    store_id   uuid        not null,
    variant_id uuid        not null,
    since      timestamptz not null default now(),
    primary key (store_id, variant_id),
    foreign key (store_id, variant_id) references catalog.variants (store_id, id) on delete cascade
);
call kernel.wall_off('catalog.low_stock');

-- What staff look for: part of a name, the beginning of an SKU or of the supplier's id. Hidden products too.
-- Runs as the owner because trigrams are not leakproof; it looks at the current store only.
create function catalog.find_products_for_staff(p_query text, p_folded text, p_limit int) returns setof uuid
    language sql stable security definer set search_path = public, pg_temp as $$
    select id from (
        (select p.id from catalog.products p
         where p.store_id = kernel.current_store() and p_folded <> '' and p.search_key like '%' || p_folded || '%'
         order by p.id desc limit p_limit)
        union
        (select v.product_id from catalog.variants v
         where v.store_id = kernel.current_store() and v.sku collate "C" ^@ p_query limit p_limit)
        union
        (select p.id from catalog.products p
         where p.store_id = kernel.current_store() and p.external_id = p_query limit p_limit)) found
$$;

create index products_locked on catalog.products (store_id, id) where locked_fields <> '{}';
create index products_external_id on catalog.products (store_id, external_id) where external_id is not null;
create index prices_below_cost on catalog.prices (store_id, variant_id) where amount < landed_cost;
create index products_brand on catalog.products (store_id, brand_slug) where brand_slug is not null;
create index reservations_of_variant on catalog.reservations (store_id, variant_id) where status in ('held', 'committed');
create index variants_sku_beginning on catalog.variants (store_id, sku collate "C");

-- As before, and in_stock of wholesale offers follows too: it ends when fewer units are left than their smallest order.
create or replace function catalog.reserve(p_order uuid, p_variants uuid[], p_quantities int[], p_expires timestamptz) returns setof uuid language plpgsql as $$
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

        if v_left = 0 or catalog.crosses_smallest_order(v_line.variant_id, v_left, v_left + v_line.quantity) then
            v_emptied := v_emptied || v_line.variant_id;
        end if;
        return next v_line.variant_id;
    end loop;

    if cardinality(v_emptied) > 0 then
        perform catalog.refresh_in_stock(array(
            select product_id from catalog.variants where store_id = kernel.current_store() and id = any(v_emptied)));
    end if;
end $$;

-- Whether a wholesale offer of the variant's product can be bought with one of two numbers of available units and not with the other.
create function catalog.crosses_smallest_order(p_variant uuid, p_fewer bigint, p_more bigint) returns boolean language plpgsql stable as $$
begin
    return exists (
        select from catalog.variants v join catalog.offers o on o.store_id = v.store_id and o.product_id = v.product_id and o.channel = 'b2b'
        where v.store_id = kernel.current_store() and v.id = p_variant and o.min_order_quantity > p_fewer and o.min_order_quantity <= p_more);
end $$;

create or replace function catalog.release(p_order uuid) returns setof uuid language plpgsql as $$
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
        -- It was empty before these units came back, or had too few for a wholesale order.
        if (v_left > 0 and v_left <= v_line.quantity)
            or catalog.crosses_smallest_order(v_line.variant_id, v_left - v_line.quantity, v_left) then
            v_refilled := v_refilled || v_line.variant_id;
        end if;
        return next v_line.variant_id;
    end loop;

    if cardinality(v_refilled) > 0 then
        perform catalog.refresh_in_stock(array(
            select product_id from catalog.variants where store_id = kernel.current_store() and id = any(v_refilled)));
    end if;
end $$;

-- Gives back what up to p_orders orders of the current store hold past p_now, the longest expired first, and returns what it gave back.
-- Rows another transaction is at work on are left for the next call: an order that is being paid is not in the way, and cannot lose its
-- units here. Stock is locked in variant order over all the orders at once, as catalog.reserve does.
create function catalog.release_expired(p_now timestamptz, p_orders int) returns table (order_id uuid, variant_id uuid) language plpgsql as $$
#variable_conflict use_column
declare
    v_orders uuid[];
    v_variants uuid[];
    v_quantities int[];
    v_line record;
    v_left int;
    v_refilled uuid[] := '{}';
begin
    select array_agg(r.order_id), array_agg(r.variant_id), array_agg(r.quantity) into v_orders, v_variants, v_quantities
    from (select r.order_id, r.variant_id, r.quantity from catalog.reservations r
          where r.store_id = kernel.current_store() and r.status = 'held' and r.expires_at <= p_now and r.order_id in (
              select e.order_id from catalog.reservations e
              where e.store_id = kernel.current_store() and e.status = 'held' and e.expires_at <= p_now
              group by e.order_id order by min(e.expires_at), e.order_id limit p_orders)
          for update skip locked) r;
    if v_orders is null then
        return;
    end if;

    for v_line in
        select w.variant_id, sum(w.quantity) as quantity from unnest(v_variants, v_quantities) as w(variant_id, quantity)
        group by w.variant_id order by w.variant_id
    loop
        update catalog.stock s set reserved = s.reserved - v_line.quantity
        where s.store_id = kernel.current_store() and s.variant_id = v_line.variant_id
        returning s.on_hand - s.reserved into v_left;
        if (v_left > 0 and v_left <= v_line.quantity)
            or catalog.crosses_smallest_order(v_line.variant_id, v_left - v_line.quantity, v_left) then
            v_refilled := v_refilled || v_line.variant_id;
        end if;
    end loop;

    update catalog.reservations r set status = 'released'
    from unnest(v_orders, v_variants) as w(order_id, variant_id)
    where r.store_id = kernel.current_store() and r.order_id = w.order_id and r.variant_id = w.variant_id;

    if cardinality(v_refilled) > 0 then
        perform catalog.refresh_in_stock(array(
            select v.product_id from catalog.variants v where v.store_id = kernel.current_store() and v.id = any(v_refilled)));
    end if;
    return query select * from unnest(v_orders, v_variants);
end $$;
