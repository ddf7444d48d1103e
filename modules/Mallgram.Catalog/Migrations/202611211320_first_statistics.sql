-- Without statistics the planner takes every store for empty: the first import would read all it has imported once for each batch, until
-- autovacuum looks in. So the first batch of an installation makes statistics of what it wrote; autovacuum keeps them from then on.
-- Locks: none. Undo: drop function catalog.first_statistics.
create function catalog.first_statistics() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from pg_class where oid = 'catalog.products'::regclass and reltuples <= 0) then
        analyze catalog.products, catalog.variants, catalog.offers, catalog.prices, catalog.stock, catalog.listings;
    end if;
end $$;
grant execute on function catalog.first_statistics() to mallgram_app;
