-- Audit log: who changed what, before and after, from where. Written by triggers in the changing transaction, so that no change by staff
-- goes without its entry and no entry stands for a change that was undone.
-- New table and functions only: no long locks. Undo: drop the triggers named audit, then the two routines and the table.

create table kernel.audit_log (
    id           uuid        primary key default gen_random_uuid(),
    at           timestamptz not null default clock_timestamp(),
    store_id     uuid,                                 -- null: of the platform; no store sees it
    actor        text        not null,                 -- usr_…, key_… or adm_…
    on_behalf_of text,                                 -- usr_… whom a platform administrator acts as
    action       text        not null,                 -- insert, update or delete; or an event such as sign_in.failed
    object       text        not null,                 -- catalog.products, or what the event is about
    object_id    text,
    before       jsonb,                                -- of an update only what changed; secret and personal values are hidden
    after        jsonb,
    reason       text,
    address      inet,
    request_id   text
);
create index audit_log_newest on kernel.audit_log (store_id, at desc, id desc);
create index audit_log_of_object on kernel.audit_log (store_id, object, object_id, at desc, id desc);
create index audit_log_of_actor on kernel.audit_log (store_id, actor, at desc, id desc);
call kernel.wall_off('kernel.audit_log');
call kernel.append_only('kernel.audit_log');

-- Argument 0: columns of the object's id, argument 1: columns whose values are hidden; both separated by commas.
create function kernel.write_audit() returns trigger language plpgsql as $$
declare
    caller jsonb := current_setting('app.caller', true)::jsonb;
    old_row jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    new_row jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    hidden text[] := string_to_array(tg_argv[1], ',');
    row_now jsonb := coalesce(new_row, old_row);
    was jsonb;
    is_now jsonb;
begin
    select jsonb_object_agg(k, case when k = any(hidden) and old_row -> k <> 'null' then '"[hidden]"' else old_row -> k end) filter (where old_row is not null),
           jsonb_object_agg(k, case when k = any(hidden) and new_row -> k <> 'null' then '"[hidden]"' else new_row -> k end) filter (where new_row is not null)
    into was, is_now
    from jsonb_object_keys(row_now) k
    where k not in ('store_id', 'created_at', 'updated_at') and (tg_op <> 'UPDATE' or old_row -> k is distinct from new_row -> k);

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

-- Records what people do to a table. Without a caller (jobs, syncs, shoppers) the trigger is not even queued.
create procedure kernel.audit(t regclass, key text, hidden text default '') language plpgsql as $$
begin
    execute format(
        'create trigger audit after insert or update or delete on %s for each row
         when (nullif(current_setting(''app.caller'', true), '''') is not null) execute function kernel.write_audit(%L, %L)',
        t, key, hidden);
end $$;
