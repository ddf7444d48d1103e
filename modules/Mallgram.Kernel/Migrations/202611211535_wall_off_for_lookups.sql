-- A second kind of wall, for tables whose rows other rows are shown with: as a sub-select the store is read once a statement, not once for
-- each look-up of a join. Where a plan depends on how much the store has, the statement says store_id = kernel.current_store() itself;
-- elsewhere PostgreSQL is told to expect a twentieth of the table (docs/decisions/0020). Call after kernel.wall_off.
-- An installation may have had the sub-select in every wall; all but those named later are plain again.
-- Locks: ACCESS EXCLUSIVE on each walled table for a moment. Undo: drop the procedure.
create procedure kernel.wall_off_for_lookups(t regclass) language plpgsql as $$
begin
    execute format('alter policy store_rows on %s
        using (store_id = (select kernel.current_store())) with check (store_id = (select kernel.current_store()))', t);
    -- Of the true average of thousands of small stores it would rather read all a store has than look rows up, for the large ones too.
    execute format('alter table %s alter column store_id set (n_distinct = 20)', t);
end $$;

create or replace procedure kernel.wall_off(t regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    -- Written out, not through the function: the planner then uses the leading store_id of every index.
    execute format('create policy store_rows on %s to mallgram_app
        using (store_id = nullif(current_setting(''app.store_id'', true), '''')::uuid)
        with check (store_id = nullif(current_setting(''app.store_id'', true), '''')::uuid)', t);
    execute format('create policy all_rows on %s to mallgram_platform using (true) with check (true)', t);
    execute format('create policy owner_rows on %s to mallgram_owner using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on %s to mallgram_app, mallgram_platform', t);
end $$;

do $$
declare
    t regclass;
begin
    for t in select polrelid from pg_policy where polname = 'store_rows' and pg_get_expr(polqual, polrelid) like '%current_store()%' loop
        execute format('alter policy store_rows on %s
            using (store_id = nullif(current_setting(''app.store_id'', true), '''')::uuid)
            with check (store_id = nullif(current_setting(''app.store_id'', true), '''')::uuid)', t);
    end loop;
end $$;
