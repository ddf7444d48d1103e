-- Kernel: database roles of front ends and BI tools that read one store through the views of schema public, and nothing else.
-- New table, functions and a procedure: no long locks. Undo: drop them and the policies named reader_rows; revoke what was granted to
-- mallgram_store_reader.

-- Which store a login reads. Its own setting app.store_id could be changed by the role itself; this row cannot.
create table kernel.store_readers (
    role_name  name        primary key,                      -- the login, a member of mallgram_store_reader
    store_id   uuid        not null,
    created_at timestamptz not null default now()
);
create index store_readers_store on kernel.store_readers (store_id);
call kernel.wall_off('kernel.store_readers');
-- Only whoever runs migrate gives a login a store; the platform may take it away with the store.
revoke insert, update, delete on kernel.store_readers from mallgram_app;
revoke insert, update on kernel.store_readers from mallgram_platform;

-- A role that may do more than read is not bound by the policies below; giving it a store would only look safe.
create function kernel.check_store_reader() returns trigger language plpgsql as $$
begin
    if not exists (
        select from pg_catalog.pg_roles r
        where r.rolname = new.role_name and not (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication)
          and pg_has_role(r.oid, 'mallgram_store_reader', 'member')
          and not pg_has_role(r.oid, 'mallgram_app', 'member') and not pg_has_role(r.oid, 'mallgram_platform', 'member')
          and not pg_has_role(r.oid, 'mallgram_owner', 'member'))
    then
        raise exception 'role % is no plain member of mallgram_store_reader', new.role_name using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger check_store_reader before insert or update on kernel.store_readers
    for each row execute function kernel.check_store_reader();

-- The store of the login behind this connection. session_user is the role that logged in: neither set role nor any setting changes it.
create function kernel.reader_store() returns uuid language sql stable security definer set search_path = '' as $$
    select store_id from kernel.store_readers where role_name = session_user
$$;

-- Opens a view of schema public to store readers. They get the columns that the view reads and, of walled tables, the rows of their store.
-- They have no usage on the tables' schemas, so that they can reach them through the view only.
create procedure kernel.open_to_readers(v regclass) language plpgsql as $$
declare
    used record;
begin
    for used in
        select c.oid::regclass as relation, c.relrowsecurity as walled, string_agg(distinct quote_ident(a.attname), ', ') as columns
        from pg_rewrite r
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
        join pg_class c on c.oid = d.refobjid and c.oid <> v
        join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
        where r.ev_class = v
        group by 1, 2
    loop
        execute format('grant select (%s) on %s to mallgram_store_reader', used.columns, used.relation);
        if used.walled and not exists (select from pg_policy where polrelid = used.relation and polname = 'reader_rows') then
            execute format(
                'create policy reader_rows on %s for select to mallgram_store_reader using (store_id = (select kernel.reader_store()))',
                used.relation);
        end if;
    end loop;
    execute format('grant select on %s to mallgram_store_reader', v);
end $$;
