-- Without statistics the planner takes every store for empty: the first import would read all it has imported once for each batch, until
-- autovacuum looks in. So the first large batch of an installation makes statistics of what it wrote; autovacuum keeps them from then on.
-- An installation may have this function, and another that nobody calls any more, from a migration that this one stands for.
-- Locks: none. Undo: drop function catalog.first_statistics.
create or replace function catalog.first_statistics() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from pg_class where oid = 'catalog.products'::regclass and reltuples <= 0) then
        analyze catalog.products, catalog.variants, catalog.offers, catalog.prices, catalog.stock, catalog.listings;
    end if;
end $$;
grant execute on function catalog.first_statistics() to mallgram_app;

drop function if exists catalog.differing(text, text[], bytea[]);
