-- Statistics made anew by the services, which do not own the tables. A function only: no locks. Undo: drop function kernel.analyze_table(regclass).

-- Before PostgreSQL 17 only an owner may analyze. Runs as the owner, so it does nothing to tables that mallgram_owner does not own.
create function kernel.analyze_table(t regclass) returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format('analyze %s', t);
end $$;
revoke execute on function kernel.analyze_table(regclass) from public;
grant execute on function kernel.analyze_table(regclass) to mallgram_platform;
