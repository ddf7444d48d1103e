-- A second kind of wall, for tables whose rows other rows are shown with: as a sub-select the store is read once a statement, not once for
-- each look-up of a join. Where a plan depends on how much the store has, the statement says store_id = kernel.current_store() itself;
-- elsewhere PostgreSQL is told to expect a twentieth of the table (docs/decisions/0020). Call after kernel.wall_off.
-- Locks: none. Undo: drop the procedure.
create procedure kernel.wall_off_for_lookups(t regclass) language plpgsql as $$
begin
    execute format('alter policy store_rows on %s
        using (store_id = (select kernel.current_store())) with check (store_id = (select kernel.current_store()))', t);
    -- Of the true average of thousands of small stores it would rather read all a store has than look rows up, for the large ones too.
    execute format('alter table %s alter column store_id set (n_distinct = 20)', t);
end $$;
