-- Stores in full: state, plans and limits, settings, themes, domains with proof, usage by day; reading and removing all rows of one store.
-- stores.stores is rewritten (one row a store) and walled off: a store sees itself only, and which store a name leads to is told by
-- stores.find alone. Locks: stores.stores and stores.domains for moments.
-- Undo: drop the new tables, functions and columns, and the policies of both old tables.

create table stores.plans (
    code                text   primary key,
    name                text   not null,
    name_fr             text   not null,
    max_products        int    check (max_products > 0),               -- null: no limit; likewise below
    max_staff           int    check (max_staff > 0),
    max_storage_bytes   bigint check (max_storage_bytes > 0),
    requests_per_minute int    not null check (requests_per_minute > 0),   -- of one client of the store
    requests_per_hour   int    not null check (requests_per_hour > 0)
);
grant select on stores.plans to mallgram_app;
grant select, insert, update on stores.plans to mallgram_platform;
insert into stores.plans (code, name, name_fr, max_products, max_staff, max_storage_bytes, requests_per_minute, requests_per_hour) values
    ('starter',   'Starter',   'Découverte', 1000,   3,    1073741824,  600,  6000),
    ('standard',  'Standard',  'Standard',   100000, 25,   53687091200, 1000, 10000),
    ('unlimited', 'Unlimited', 'Illimité',   null,   null, null,        1000, 10000);
call kernel.audit('stores.plans', 'code');

alter table stores.stores
    add column store_id            uuid   generated always as (id) stored,   -- so that wall and audit know it like any other table
    add column status              text   not null default 'active' check (status in ('active', 'suspended', 'closing')),
    add column status_reason       text   check (length(status_reason) <= 500),
    add column status_changed_at   timestamptz,
    add column plan                text   not null default 'unlimited' references stores.plans (code),
    add column max_products        int    check (max_products > 0),           -- null: the plan's; likewise below
    add column max_staff           int    check (max_staff > 0),
    add column max_storage_bytes   bigint check (max_storage_bytes > 0),
    add column requests_per_minute int    check (requests_per_minute > 0),
    add column requests_per_hour   int    check (requests_per_hour > 0);
create index stores_not_active on stores.stores (status) where status <> 'active';
call kernel.wall_off('stores.stores');
revoke insert, update, delete on stores.stores from mallgram_app;
grant update (name, language) on stores.stores to mallgram_app;
call kernel.audit('stores.stores', 'id');

-- What staff decide about their store. Currencies and destinations are the markets of the catalogue.
create table stores.settings (
    store_id         uuid        primary key references stores.stores (id) on delete cascade,
    languages        text[]      not null check (cardinality(languages) > 0 and languages <@ '{en,fr}'),
    tax_display      text        not null default 'inclusive' check (tax_display in ('inclusive', 'exclusive')),
    payment_methods  text[]      not null default '{}'
                     check (payment_methods <@ '{mobile_money,card,bank_transfer,cash_on_delivery}'),
    shipping_methods text[]      not null default '{}' check (shipping_methods <@ '{home_delivery,pickup_point,store_pickup,courier,bulk}'),
    time_zone        text        not null check (length(time_zone) <= 60),    -- IANA; of the opening hours
    opening_hours    jsonb       not null default '[]',                       -- [{"day": 1 (Monday) … 7, "opens": "08:00", "closes": "17:30"}]
    contact          jsonb       not null default '{}',
    policies         jsonb       not null default '{}',                       -- {"terms": {"en": "…", "fr": "…"}, …}
    front_end        text        check (length(front_end) <= 300),            -- https address of the storefront, for links in mails
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now()
);
call kernel.wall_off('stores.settings');
call kernel.keep_updated_at('stores.settings');
call kernel.audit('stores.settings', 'store_id');
insert into stores.settings (store_id, languages, payment_methods, shipping_methods, time_zone)
select id, case when language = 'fr' then '{fr,en}' else '{en,fr}' end::text[],
       '{mobile_money,card,bank_transfer,cash_on_delivery}', '{home_delivery,pickup_point}',
       case country when 'SN' then 'Africa/Dakar' when 'IN' then 'Asia/Kolkata' else 'Africa/Johannesburg' end
from stores.stores;

create table stores.themes (
    store_id       uuid        primary key references stores.stores (id) on delete cascade,
    primary_colour text        not null check (primary_colour ~ '^#[0-9a-f]{6}$'),
    on_primary     text        not null check (on_primary ~ '^#[0-9a-f]{6}$'),       -- text on the primary colour
    background     text        not null check (background ~ '^#[0-9a-f]{6}$'),
    text_colour    text        not null check (text_colour ~ '^#[0-9a-f]{6}$'),
    accent         text        not null check (accent ~ '^#[0-9a-f]{6}$'),
    logo_file_id   uuid,                                                             -- files.files.id
    mail_footer    text        check (length(mail_footer) <= 500),
    mail_footer_fr text        check (length(mail_footer_fr) <= 500),
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now()
);
call kernel.wall_off('stores.themes');
call kernel.keep_updated_at('stores.themes');
call kernel.audit('stores.themes', 'store_id');

-- A store may claim any host, but only proof makes it lead there; a host is proven for one store at a time. What operators entered
-- before counts as proven.
alter table stores.domains
    drop constraint domains_pkey,
    add primary key (store_id, host),
    add column token       text        not null default replace(gen_random_uuid()::text, '-', ''),
    add column verified_at timestamptz,
    add column method      text        check (method in ('dns', 'file', 'operator')),
    add column checked_at  timestamptz,
    add column created_at  timestamptz not null default now(),
    add check (length(host) <= 253),
    add check (token ~ '^[0-9a-f]{32}$'),
    add check ((verified_at is null) = (method is null));
update stores.domains set verified_at = now(), method = 'operator';
create unique index domains_proven on stores.domains (host) where verified_at is not null;
call kernel.wall_off('stores.domains');
call kernel.audit('stores.domains', 'host', 'token');

create table stores.usage_days (
    store_id uuid   not null references stores.stores (id) on delete cascade,
    day      date   not null,                                          -- UTC
    requests bigint not null default 0,
    primary key (store_id, day)
);
create index usage_days_age on stores.usage_days (day);
call kernel.wall_off('stores.usage_days');

-- Which store a slug, host or id leads to, for requests that are for no store yet. Shows what any visitor may know, and the limits.
create function stores.find(p_by text, p_value text) returns table (
    id uuid, slug text, name text, currency char(3), country char(2), language text, email_from text, status text,
    max_products int, max_staff int, max_storage_bytes bigint, requests_per_minute int, requests_per_hour int,
    primary_colour text, on_primary text, logo_file_id uuid, mail_footer text, mail_footer_fr text, front_end text)
    language sql stable security definer set search_path = pg_catalog
    as $$
        select s.id, s.slug, s.name, s.currency, s.country, s.language, s.email_from, s.status,
               coalesce(s.max_products, p.max_products), coalesce(s.max_staff, p.max_staff),
               coalesce(s.max_storage_bytes, p.max_storage_bytes), coalesce(s.requests_per_minute, p.requests_per_minute),
               coalesce(s.requests_per_hour, p.requests_per_hour),
               t.primary_colour, t.on_primary, t.logo_file_id, t.mail_footer, t.mail_footer_fr, g.front_end
        from stores.stores s join stores.plans p on p.code = s.plan
        left join stores.themes t on t.store_id = s.id left join stores.settings g on g.store_id = s.id
        where s.id = case p_by
            when 'id' then p_value::uuid
            when 'slug' then (select n.id from stores.stores n where n.slug = p_value)
            when 'host' then (select d.store_id from stores.domains d where d.host = lower(p_value) and d.verified_at is not null)
        end
    $$;
revoke execute on function stores.find(text, text) from public;
grant execute on function stores.find(text, text) to mallgram_app, mallgram_platform;

-- Append-only rows leave with their store, and only so: the setting counts for nobody but the owner, whose right stores.erase_rows lends.
create or replace function kernel.refuse_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_user = 'mallgram_owner' and to_jsonb(old) ->> 'store_id' = current_setting('app.erasing_store', true) then
        return old;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

-- Removes some rows of a store that is being closed. p_limit null: all of them.
create function stores.erase_rows(p_store uuid, p_table regclass, p_limit bigint) returns bigint
    language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_rows bigint;
begin
    if not exists (select from stores.stores where id = p_store and status = 'closing') then
        raise exception 'store % is not being closed', p_store using errcode = 'object_not_in_prerequisite_state';
    end if;
    if not exists (
        select from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'store_id' and not a.attisdropped
        where c.oid = p_table and c.relkind = 'r' and pg_get_userbyid(c.relowner) = 'mallgram_owner')
    then
        raise exception '% is no table of stores', p_table using errcode = 'wrong_object_type';
    end if;
    perform set_config('app.erasing_store', p_store::text, true), set_config('app.store_id', p_store::text, true);
    execute format('delete from %s where ctid = any(array(select ctid from %s where store_id = $1 limit $2))', p_table, p_table)
        using p_store, p_limit;
    get diagnostics v_rows = row_count;
    perform set_config('app.erasing_store', '', true);
    return v_rows;
end $$;
revoke execute on function stores.erase_rows(uuid, regclass, bigint) from public;
grant execute on function stores.erase_rows(uuid, regclass, bigint) to mallgram_platform;
