-- What an import asks PostgreSQL's planner for.
-- Locks: none. Undo: drop both functions.

-- Without statistics the planner takes every store for empty: the first import would read all it has imported once for each batch, until
-- autovacuum looks in. So the first batch of an installation makes statistics of what it wrote; autovacuum keeps them from then on.
create function catalog.first_statistics() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from pg_class where oid = 'catalog.products'::regclass and reltuples <= 0) then
        analyze catalog.products, catalog.variants, catalog.offers, catalog.prices, catalog.stock, catalog.listings;
    end if;
end $$;
grant execute on function catalog.first_statistics() to mallgram_app;

-- Places, from 1, of items whose content is not what is stored. What the supplier took off sale differs even with the old content. Planned
-- for each batch: ten thousand items want another plan than ten, and a plan that is kept is made for ten.
create function catalog.differing(p_supplier text, p_external_ids text[], p_hashes bytea[]) returns setof int language plpgsql stable
    set plan_cache_mode = force_custom_plan as $$
begin
    return query select g.n::int from unnest(p_external_ids, p_hashes) with ordinality g(external_id, content_hash, n)
    where not exists (
        select from catalog.products p
        where p.supplier = p_supplier and p.external_id = g.external_id and p.content_hash = g.content_hash
          and p.hidden_by is distinct from 'supplier')
    order by g.n;
end $$;
grant execute on function catalog.differing(text, text[], bytea[]) to mallgram_app;
