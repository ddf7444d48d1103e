-- Import: markets that a quality filter keeps a product out of, products that follow a category's mapping, and the undoing of a run.
-- Locks: catalog.import_changes gets a column without a default, in an instant. The rest is new.
-- Undo: drop table catalog.market_exclusions; drop function catalog.apply_category_mapping, catalog.roll_back;
--       alter table catalog.import_changes drop column undone_at.

-- While a row is here, the product has no prices in that currency and so no listing. Imports and the judging of filters write it.
create table catalog.market_exclusions (
    store_id   uuid    not null,
    product_id uuid    not null,
    currency   char(3) not null,
    reason     text    not null,                     -- 'filtered_rating'
    primary key (store_id, product_id, currency),
    foreign key (store_id, product_id) references catalog.products (store_id, id) on delete cascade
);
call kernel.wall_off('catalog.market_exclusions');

alter table catalog.import_changes add column undone_at timestamptz;   -- when a rollback went through it
create index import_changes_to_undo on catalog.import_changes (store_id, run_id, product_id) where undone_at is null;

-- Products of suppliers' categories whose mapping changed go where it says, unless a person placed them; those of excluded ones are hidden.
-- Showing again what an exclusion hid is for the judging of filters, which looks at everything else too.
-- Returns the number of products changed, at most p_limit (null: all): call it again until it returns 0.
create function catalog.apply_category_mapping(p_supplier text, p_external_ids text[], p_limit int) returns int language plpgsql as $$
declare
    v_products uuid[];
begin
    with due as (
        select p.id, case when p.locked_fields && '{category,category_id}' then p.category_id else m.category_id end as category_id,
               m.excluded and p.status = 'active' as hides
        from catalog.supplier_categories m
        join catalog.products p on p.store_id = m.store_id and p.supplier = m.supplier and p.supplier_category = m.external_id
        where m.store_id = kernel.current_store() and m.supplier = p_supplier and m.external_id = any(p_external_ids)
          and ((p.category_id is distinct from m.category_id and not p.locked_fields && '{category,category_id}')
               or (m.excluded and p.status = 'active'))
        order by p.id limit p_limit
        for no key update of p),
    moved as (
        update catalog.products p set
            category_id = d.category_id,
            status = case when d.hides then 'hidden' else p.status end,
            hidden_by = case when d.hides then 'filter' else p.hidden_by end
        from due d where p.store_id = kernel.current_store() and p.id = d.id
        returning p.id)
    select coalesce(array_agg(id), '{}') into v_products from moved;
    if cardinality(v_products) > 0 then
        perform catalog.refresh_listings(v_products);
    end if;
    return cardinality(v_products);
end $$;

-- Undoes what a run did to its next p_limit products, in the order products, stock, prices, listings. Wherever a value is not the one that
-- the run left (a person set it, an order was served from it) it stays. content_hash stays the run's on purpose: the data that made the
-- mistake is not applied again by the next sync, newer data is.
-- Returns the number of products gone through; 0 when nothing is left.
create function catalog.roll_back(p_run uuid, p_actor text, p_limit int) returns int language plpgsql as $$
declare
    v_store uuid := kernel.current_store();
    v_products uuid[];
begin
    call catalog.lock_prices();
    create temporary table undo on commit drop as
        select product_id, kind, coalesce(before, '{}') as before from catalog.import_changes
        where store_id = v_store and run_id = p_run and undone_at is null order by product_id limit p_limit for update;
    select coalesce(array_agg(product_id), '{}') into v_products from undo;
    if cardinality(v_products) = 0 then
        drop table undo;
        return 0;
    end if;

    perform from catalog.products where store_id = v_store and id = any(v_products) order by id for no key update;
    -- What a person edited since is locked and keeps its value; both names hang together by the keys made from them.
    update undo u set before = u.before - p.locked_fields
        - case when p.locked_fields && '{name,name_fr}' then '{name,name_fr,search_key,name_key,name_key_fr}'::text[] else '{}' end
        - case when 'brand' = any(p.locked_fields) then '{brand_slug}'::text[] else '{}' end
        - case when 'category' = any(p.locked_fields)
              or not exists (select from catalog.categories c where c.store_id = v_store and c.id = (u.before ->> 'category_id')::uuid)
                 and u.before ->> 'category_id' is not null
              then '{category_id}'::text[] else '{}' end
    from catalog.products p where p.store_id = v_store and p.id = u.product_id;
    insert into catalog.brands (store_id, slug, name)
        select v_store, before ->> 'brand_slug', min(before ->> 'brand') from undo where before ->> 'brand_slug' is not null
        group by 2 order by 2 on conflict do nothing;
    update catalog.products p set
        (name, name_fr, description, description_fr, supplier_category, category_id, brand, brand_slug, rating, review_count, image_url, images,
         seller_id, seller_name, seller_rating, sales_count, ships_within_days, weight_grams, specifications, attributes, video_url,
         search_key, name_key, name_key_fr, status, hidden_by) = (
            select r.name, r.name_fr, r.description, r.description_fr, r.supplier_category, r.category_id, r.brand, r.brand_slug, r.rating,
                   r.review_count, case when u.before ? 'images' then r.images[1] else p.image_url end, r.images, r.seller_id, r.seller_name,
                   r.seller_rating, r.sales_count, r.ships_within_days, r.weight_grams, r.specifications, r.attributes, r.video_url,
                   r.search_key, r.name_key, r.name_key_fr,
                   case when p.hidden_by = 'staff' then 'hidden' when u.kind = 'created' then 'hidden'
                        when u.before ? 'hidden_by' then case when r.hidden_by is null then 'active' else 'hidden' end else p.status end,
                   case when p.hidden_by is not null and (p.hidden_by = 'staff' or u.kind = 'created') then p.hidden_by
                        when u.kind = 'created' then 'rollback' else r.hidden_by end
            from jsonb_populate_record(p, u.before) r)
    from undo u where p.store_id = v_store and p.id = u.product_id;

    -- Variants: as they were; those the run added are withdrawn. A person's own have no external id.
    update catalog.variants v set
        active = o.id is not null, name = case when o.id is null then v.name else o.name end,
        options = coalesce(o.options, v.options), position = coalesce(o.position, v.position),
        image = case when o.id is null then v.image else o.image end
    from undo u
    cross join lateral (select v2.id as variant_id from catalog.variants v2 where v2.store_id = v_store and v2.product_id = u.product_id
                        and v2.external_id is not null) own
    left join lateral (
        select (e ->> 0)::uuid as id, e ->> 1 as name, e -> 2 as options, (e ->> 3)::int as position, e ->> 4 as image
        from jsonb_array_elements(case jsonb_typeof(u.before -> 'variants') when 'array' then u.before -> 'variants' else '[]' end) e
        where (e ->> 0)::uuid = own.variant_id) o on true
    where v.store_id = v_store and v.id = own.variant_id and u.before ? 'variants' and (v.active or o.id is not null);

    -- Offers and costs that the run changed.
    delete from catalog.offers f using undo u
    where f.store_id = v_store and f.product_id = u.product_id and f.set_by = 'import' and u.before ? 'offers';
    insert into catalog.offers (store_id, product_id, channel, min_order_quantity, active, set_by)
        select v_store, u.product_id, e ->> 0, (e ->> 1)::int, (e ->> 2)::boolean, 'import'
        from undo u, jsonb_array_elements(case jsonb_typeof(u.before -> 'offers') when 'array' then u.before -> 'offers' else '[]' end) e
        on conflict do nothing;
    create temporary table undo_costs on commit drop as
        select (e ->> 0)::uuid as variant_id, (e ->> 1)::int as min_quantity, (e ->> 2)::numeric as cost, (e ->> 3)::numeric as list_cost,
               (e ->> 4)::char(3) as currency
        from undo u, jsonb_array_elements(case jsonb_typeof(u.before -> 'costs') when 'array' then u.before -> 'costs' else '[]' end) e;
    delete from catalog.costs k where k.store_id = v_store and k.variant_id in (select variant_id from undo_costs);
    insert into catalog.costs (store_id, variant_id, min_quantity, cost, list_cost, currency)
        select v_store, c.variant_id, c.min_quantity, c.cost, c.list_cost, c.currency from undo_costs c;
    drop table undo_costs;

    -- Stock: the run's first word on what was, where its last word on what is still holds.
    create temporary table staged_stock on commit drop as
        select m.variant_id, (array_agg(m.before order by m.at, m.id))[1] as on_hand
        from catalog.variants v
        join catalog.stock_movements m on m.store_id = v_store and m.variant_id = v.id and m.run_id = p_run and m.cause = 'supplier'
        join catalog.stock t on t.store_id = v_store and t.variant_id = v.id
        where v.store_id = v_store and v.product_id = any(v_products)
        group by m.variant_id, t.on_hand having t.on_hand = (array_agg(m.after order by m.at desc, m.id desc))[1];
    perform catalog.apply_staged_stock('rollback', p_run, p_actor, null);
    drop table staged_stock;

    -- Prices: likewise, with all that belongs to the row as it was.
    create temporary table undo_prices on commit drop as
        select h.variant_id, h.currency, h.min_quantity, h.first_before as before, r.amount as present, o.compare_at, o.landed_cost, o.rate_id, o.rule_id
        from (
            select v.product_id, x.variant_id, x.currency, x.min_quantity,
                   (array_agg(x.before order by x.at, x.id))[1] as first_before, (array_agg(x.after order by x.at desc, x.id desc))[1] as last_after
            from catalog.variants v
            join catalog.price_history x on x.store_id = v_store and x.variant_id = v.id and x.run_id = p_run and x.cause = 'supplier'
            where v.store_id = v_store and v.product_id = any(v_products)
            group by v.product_id, x.variant_id, x.currency, x.min_quantity) h
        join undo u on u.product_id = h.product_id
        left join catalog.prices r
            on r.store_id = v_store and r.variant_id = h.variant_id and r.currency = h.currency and r.min_quantity = h.min_quantity
        left join lateral (
            select (e ->> 4)::bigint as compare_at, (e ->> 5)::bigint as landed_cost, (e ->> 6)::uuid as rate_id, (e ->> 7)::uuid as rule_id
            from jsonb_array_elements(case jsonb_typeof(u.before -> 'prices') when 'array' then u.before -> 'prices' else '[]' end) e
            where (e ->> 0)::uuid = h.variant_id and e ->> 1 = h.currency and (e ->> 2)::int = h.min_quantity) o on true
        where not coalesce(r.set_by_person, false) and r.amount is not distinct from h.last_after
          and h.first_before is distinct from h.last_after;
    delete from catalog.prices r using undo_prices o
    where r.store_id = v_store and r.variant_id = o.variant_id and r.currency = o.currency and r.min_quantity = o.min_quantity
      and o.before is null;
    insert into catalog.prices (store_id, variant_id, currency, min_quantity, amount, compare_at, landed_cost, rate_id, rule_id)
        select v_store, variant_id, currency, min_quantity, before, case when compare_at > before then compare_at end, landed_cost, rate_id, rule_id
        from undo_prices where before is not null
        on conflict (store_id, variant_id, currency, min_quantity) do update set
            amount = excluded.amount, compare_at = excluded.compare_at, landed_cost = excluded.landed_cost, rate_id = excluded.rate_id,
            rule_id = excluded.rule_id, changed_at = now();
    insert into catalog.price_history (store_id, variant_id, currency, min_quantity, before, after, cause, run_id, rate_id, rule_id, actor)
        select v_store, variant_id, currency, min_quantity, present, before, 'rollback', p_run, rate_id, rule_id, p_actor from undo_prices;
    delete from catalog.market_exclusions e using undo_prices o join catalog.variants v on v.store_id = v_store and v.id = o.variant_id
    where e.store_id = v_store and e.product_id = v.product_id and e.currency = o.currency and o.before is not null;
    drop table undo_prices;

    perform catalog.refresh_listings(v_products);
    update catalog.import_changes set undone_at = now() where store_id = v_store and run_id = p_run and product_id = any(v_products);
    drop table undo;
    return cardinality(v_products);
end $$;
