-- Audit: columns that the database derives are left out of entries, and a store that is removed as a whole leaves no entry a row.
-- Locks: kernel.audit_log is read-only while its index is made. Undo: drop the index and kernel.audit with four arguments, and take
-- kernel.write_audit from 202611211200_audit.sql again.

create index audit_log_of_all on kernel.audit_log (at desc, id desc);   -- for the platform, across stores

-- Argument 0: columns of the object's id, 1: columns whose values are hidden, 2: columns left out; each separated by commas.
create or replace function kernel.write_audit() returns trigger language plpgsql as $$
declare
    caller jsonb := current_setting('app.caller', true)::jsonb;
    old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    hidden text[] := string_to_array(tg_argv[1], ',');
    left_out text[] := string_to_array(tg_argv[2], ',') || '{store_id,created_at,updated_at}';
    row_now jsonb := coalesce(new_row, old_row);
    was jsonb;
    is_now jsonb;
begin
    if tg_op = 'DELETE' and row_now ->> 'store_id' = current_setting('app.erasing_store', true) then
        return null;
    end if;

    select jsonb_object_agg(k, case when k = any(hidden) and old_row -> k <> 'null' then '"[hidden]"' else old_row -> k end) filter (where old_row is not null),
           jsonb_object_agg(k, case when k = any(hidden) and new_row -> k <> 'null' then '"[hidden]"' else new_row -> k end) filter (where new_row is not null)
    into was, is_now
    from jsonb_object_keys(row_now) k
    where k <> all(left_out) and (tg_op <> 'UPDATE' or old_row -> k is distinct from new_row -> k);

    if tg_op = 'UPDATE' and is_now is null then
        return null;
    end if;

    insert into kernel.audit_log (store_id, actor, on_behalf_of, action, object, object_id, before, after, reason, address, request_id)
    values (
        (row_now ->> 'store_id')::uuid, caller ->> 'actor', caller ->> 'on_behalf_of', lower(tg_op), tg_table_schema || '.' || tg_table_name,
        (select string_agg(row_now ->> c, ',' order by n) from unnest(string_to_array(tg_argv[0], ',')) with ordinality u(c, n)),
        was, is_now, caller ->> 'reason', (caller ->> 'address')::inet, caller ->> 'request_id');
    return null;
end $$;

create procedure kernel.audit(t regclass, key text, hidden text, left_out text) language plpgsql as $$
begin
    execute format(
        'create trigger audit after insert or update or delete on %s for each row
         when (nullif(current_setting(''app.caller'', true), '''') is not null) execute function kernel.write_audit(%L, %L, %L)',
        t, key, hidden, left_out);
end $$;
