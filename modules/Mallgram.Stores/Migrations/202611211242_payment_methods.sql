-- Stores: which payment methods a store takes is known with the store. A function only: no locks. Undo: take stores.find from
-- 202611211240_stores.sql again.

drop function stores.find(text, text);
create function stores.find(p_by text, p_value text) returns table (
    id uuid, slug text, name text, currency char(3), country char(2), language text, email_from text, status text,
    max_products int, max_staff int, max_storage_bytes bigint, requests_per_minute int, requests_per_hour int,
    primary_colour text, on_primary text, logo_file_id uuid, mail_footer text, mail_footer_fr text, front_end text, payment_methods text[])
    language sql stable security definer set search_path = pg_catalog
    as $$
        select s.id, s.slug, s.name, s.currency, s.country, s.language, s.email_from, s.status,
               coalesce(s.max_products, p.max_products), coalesce(s.max_staff, p.max_staff),
               coalesce(s.max_storage_bytes, p.max_storage_bytes), coalesce(s.requests_per_minute, p.requests_per_minute),
               coalesce(s.requests_per_hour, p.requests_per_hour),
               t.primary_colour, t.on_primary, t.logo_file_id, t.mail_footer, t.mail_footer_fr, g.front_end, g.payment_methods
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
