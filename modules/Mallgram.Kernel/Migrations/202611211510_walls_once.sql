-- A wall reads its store once a statement: as a sub-select it is an initplan, which the inner side of a join does not evaluate for every row.
-- Where a plan depends on how much the store has, the statement says store_id = kernel.current_store() itself (docs/decisions/0020).
-- Locks: ACCESS EXCLUSIVE on each walled table for a moment. Undo: take wall_off of 202611210900 again and alter the policies back.
create or replace procedure kernel.wall_off(t regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', t);
    execute format('alter table %s force row level security', t);
    execute format('create policy store_rows on %s to mallgram_app
        using (store_id = (select kernel.current_store())) with check (store_id = (select kernel.current_store()))', t);
    execute format('create policy all_rows on %s to mallgram_platform using (true) with check (true)', t);
    execute format('create policy owner_rows on %s to mallgram_owner using (true) with check (true)', t);
    execute format('grant select, insert, update, delete on %s to mallgram_app, mallgram_platform', t);
end $$;

do $$
declare
    t regclass;
begin
    for t in select polrelid from pg_policy where polname = 'store_rows' loop
        execute format('alter policy store_rows on %s
            using (store_id = (select kernel.current_store())) with check (store_id = (select kernel.current_store()))', t);
    end loop;
end $$;
