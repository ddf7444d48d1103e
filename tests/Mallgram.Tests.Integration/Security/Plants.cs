using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Kernel.Ids;

namespace Mallgram.Tests.Integration.Security;

/// <summary>
/// One of everything that an address of the API can name, in one store. Ids follow from the store's slug, so that a test knows them; every
/// text that people wrote holds the store's canary, so that it is recognised wherever it appears.
/// </summary>
internal sealed class Plants(Guid store, string slug, string currency)
{
    /// <summary>Password of every planted person.</summary>
    public const string Password = MallgramApp.AdministratorPassword;

    /// <summary>Roles with a person each, <c>&lt;role&gt;@&lt;canary&gt;.test</c>; besides them the customers <c>buyer</c> and <c>neighbour</c>.</summary>
    public static readonly string[] Roles =
        ["owner", "admin", "manager", "moderator", "support", "fulfilment", "affiliate", "customer", "buyer", "neighbour"];

    public Guid Store => store;

    public string Slug => slug;

    /// <summary>Of its default market.</summary>
    public string Currency => currency;

    /// <summary>Lower-case letters, found in no other data.</summary>
    public string Canary { get; } = "canary" + slug.Replace("-", "", StringComparison.Ordinal);

    public string EmailOf(string person) => $"{person}@{Canary}.test";

    /// <summary>The same in every run.</summary>
    public Guid Of(string kind)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(slug + " " + kind))[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    public string Id(string prefix, string kind) => PublicId.Format(prefix, Of(kind));

    /// <summary>
    /// What stands for a path parameter, by the segment before it and its name: <c>products/{id}</c>. Personal things are the buyer's.
    /// </summary>
    public IReadOnlyDictionary<string, string> PathValues => _pathValues ??= new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["products/{id}"] = Id("prd", "product"),
        ["products/{idOrSlug}"] = Id("prd", "product"),
        ["variants/{variantId}"] = Id("var", "variant"),
        ["inventory/{variantId}"] = Id("var", "variant"),
        ["categories/{id}"] = Id("cat", "category"),
        ["collections/{id}"] = Id("col", "collection"),
        ["collections/{slug}"] = Canary + "-collection",
        ["price-rules/{id}"] = Id("rul", "rule"),
        ["markets/{currency}"] = MarketOf(slug),
        ["synonyms/{id}"] = Id("sns", "synonyms"),
        ["bulk-imports/{id}"] = Id("imp", "import"),
        ["attributes/{code}"] = Canary,
        ["brands/{slug}"] = Canary,
        ["tags/{tag}"] = Canary,
        ["quality-filters/{country}"] = CountryOf(slug),
        ["supplier-categories/{supplier}"] = Canary,
        ["{supplier}/{externalId}"] = Canary,
        ["sync-runs/{id}"] = Id("syn", "sync"),
        ["orders/{id}"] = Id("ord", "order"),
        ["status/{id}"] = Id("pay", "payment"),
        ["payments/{id}"] = Id("pay", "payment"),
        ["files/{id}"] = Id("fil", "file"),
        ["addresses/{id}"] = Id("adr", "address"),
        ["sessions/{id}"] = Id("ses", "session"),
        ["staff/{id}"] = Id("usr", "support"),
        ["invitations/{id}"] = Id("inv", "invitation"),
        ["api-keys/{id}"] = Id("key", "key"),
        ["customers/{id}"] = Id("usr", "buyer"),
        ["stores/{id}"] = PublicId.Format("sto", store),
        ["administrators/{id}"] = Id("adm", "administrator"),
        ["impersonations/{id}"] = Id("imp", "impersonation"),
        ["impersonations/{impersonation}"] = Id("imp", "impersonation"),
        ["domains/{domain}"] = Canary + ".example",
        ["domains/{host}"] = Canary + ".example",
    };

    /// <summary>What stands for a field of a body or query that names an object, by the field's name.</summary>
    public IReadOnlyDictionary<string, string> FieldValues => _fieldValues ??= new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["product_id"] = Id("prd", "product"),
        ["variant_id"] = Id("var", "variant"),
        ["category_id"] = Id("cat", "category"),
        ["parent_id"] = Id("cat", "category"),
        ["move_to"] = Id("cat", "category"),
        ["banned_categories"] = Id("cat", "category"),
        ["file_id"] = Id("fil", "file"),
        ["order_id"] = Id("ord", "order"),
        ["payment_id"] = Id("pay", "payment"),
        ["rule_id"] = Id("rul", "rule"),
        ["user_id"] = Id("usr", "buyer"),
        ["ids"] = Id("prd", "product"),
        ["tag"] = Canary,
        ["actor"] = Id("usr", "support"),
        ["object_id"] = Of("product").ToString(),
    };

    private Dictionary<string, string>? _pathValues;
    private Dictionary<string, string>? _fieldValues;

    /// <summary>An id of the same kind that nothing has; natural keys become others of their kind.</summary>
    public static string Absent(string value)
    {
        var at = value.IndexOf('_', StringComparison.Ordinal);
        if (at == 3 && value.Length == 30)
        {
            return PublicId.Format(value[..3], Guid.Parse("0190a5e0-0000-7000-8000-00000000ab5e"));
        }

        return value switch
        {
            _ when Guid.TryParse(value, out _) => "0190a5e0-0000-7000-8000-00000000ab5e",
            { Length: 3 } when value.All(char.IsAsciiLetterUpper) => "TZS",
            { Length: 2 } when value.All(char.IsAsciiLetterUpper) => "TZ",
            _ => value.Replace("canary", "absent", StringComparison.Ordinal),
        };
    }

    /// <summary>Inserts them, as an administrator past row-level security.</summary>
    public string Sql()
    {
        var s = $"'{store}'";
        var people = string.Join(",\n", Roles.Select((role, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"({s}, '{Of(role)}', '{EmailOf(role)}', now(), '+2768{(uint)store.GetHashCode() % 1000:D3}{i:D3}', '{Canary} {role}', 'en', '{(role is "buyer" or "neighbour" ? "customer" : role)}')")));
        string Bytes(string what) => $"decode(md5('{slug} {what}') || md5('{what} {slug}'), 'hex')";
        return
            $"""
            insert into identity.users (store_id, id, email, email_verified_at, phone, full_name, language, role) values {people};
            update identity.users u set password_hash = (select password_hash from identity.users a where a.email = '{MallgramApp.AdministratorEmail}' limit 1)
            where u.store_id = {s} and u.password_hash is null;
            insert into identity.sessions (store_id, id, user_id, method, created_at, last_used_at, user_agent)
            values ({s}, '{Of("session")}', '{Of("buyer")}', 'password', now(), now(), '{Canary}');
            insert into identity.sign_ins (store_id, id, user_id, at, method, outcome, user_agent)
            values ({s}, '{Of("sign-in")}', '{Of("buyer")}', now(), 'password', 'succeeded', '{Canary}');
            insert into identity.addresses (store_id, id, user_id, label, full_name, city, country, is_default)
            values ({s}, '{Of("address")}', '{Of("buyer")}', '{Canary}', '{Canary}', '{Canary}', 'CM', true);
            insert into identity.api_keys (store_id, id, name, prefix, key_hash, scopes)
            values ({s}, '{Of("key")}', '{Canary}', 'mgk_planted', {Bytes("key")}, array['products:read']);
            insert into identity.invitations (store_id, id, email, role, token_hash, expires_at)
            values ({s}, '{Of("invitation")}', 'invited@{Canary}.test', 'support', {Bytes("invitation")}, now() + interval '7 days');
            insert into identity.platform_administrators (id, email, full_name, password_hash)
            values ('{Of("administrator")}', 'platform@{Canary}.test', 'Platform', 'none');
            insert into identity.impersonations (store_id, id, administrator_id, user_id, reason, created_at, expires_at)
            values ({s}, '{Of("impersonation")}', '{Of("administrator")}', '{Of("buyer")}', '{Canary} asked for help', now(), now() + interval '1 hour');
            insert into identity.supabase_projects (store_id, issuer) values ({s}, 'https://{Canary}.supabase.co/auth/v1');
            insert into stores.domains (host, store_id) values ('{Canary}.example', {s});

            insert into catalog.brands (store_id, slug, name) values ({s}, '{Canary}', '{Canary}');
            insert into catalog.categories (store_id, id, slug, name, path) values ({s}, '{Of("category")}', '{Canary}', '{Canary}', '{Canary}');
            insert into catalog.category_closure (store_id, ancestor_id, descendant_id, depth) values ({s}, '{Of("category")}', '{Of("category")}', 0)
            on conflict do nothing;
            insert into catalog.products (store_id, id, slug, name, category_id, brand, brand_slug, status, search_key, name_key, name_key_fr)
            values ({s}, '{Of("product")}', '{Canary}', '{Canary}', '{Of("category")}', '{Canary}', '{Canary}', 'active', '{Canary}', '{Canary}', '{Canary}');
            insert into catalog.variants (store_id, id, product_id, sku, position) values ({s}, '{Of("variant")}', '{Of("product")}', '{Canary}', 0);
            insert into catalog.offers (store_id, product_id, channel, min_order_quantity, set_by) values ({s}, '{Of("product")}', 'b2c', 1, 'person');
            insert into catalog.prices (store_id, variant_id, currency, amount, min_quantity, set_by_person)
            values ({s}, '{Of("variant")}', '{currency}', 987600, 1, true);
            insert into catalog.stock (store_id, variant_id, on_hand) values ({s}, '{Of("variant")}', 50);
            insert into catalog.product_tags (store_id, tag, product_id) values ({s}, '{Canary}', '{Of("product")}');
            insert into catalog.collections (store_id, id, slug, name) values ({s}, '{Of("collection")}', '{Canary}-collection', '{Canary}');
            insert into catalog.collection_products (store_id, collection_id, product_id, position) values ({s}, '{Of("collection")}', '{Of("product")}', 0);
            insert into catalog.attributes (store_id, code, name, kind) values ({s}, '{Canary}', '{Canary}', 'text');
            insert into catalog.price_rules (store_id, id, is_default, markup_percent, name, priority)
            values ({s}, '{Of("rule")}', false, 77, '{Canary}', 5);
            insert into catalog.markets (store_id, currency, country, is_default, rounding_step) values ({s}, '{MarketOf(slug)}', '{CountryOf(slug)}', false, 100);
            insert into catalog.search_synonyms (store_id, id, terms) values ({s}, '{Of("synonyms")}', array['{Canary}', '{Canary}x']);
            insert into catalog.quality_filters (store_id, country, banned_words) values ({s}, '{CountryOf(slug)}', array['{Canary}']);
            insert into catalog.supplier_categories (store_id, supplier, external_id, name, mapped_by) values ({s}, '{Canary}', '{Canary}', '{Canary}', 'person');
            insert into catalog.search_log (store_id, day, query, searches, results) values ({s}, current_date, '{Canary}', 3, 0);
            insert into files.files (store_id, id, name, purpose, state, max_size, content_type, size, sha256, storage_key)
            values ({s}, '{Of("file")}', '{Canary}.csv', 'product_import', 'ready', 1000, 'text/csv', 10, {Bytes("file")}, '{Canary}');
            insert into catalog.bulk_imports (store_id, id, file_id, file_name, format, mode, dry_run, options, requested_by, state)
            values ({s}, '{Of("import")}', '{Of("file")}', '{Canary}.csv', 'csv', 'upsert', false, jsonb_build_object(), '{Canary}', 'succeeded');
            insert into catalog.bulk_import_errors (store_id, import_id, row, number, code, detail, detail_fr, raw)
            values ({s}, '{Of("import")}', 1, 1, 'x', '{Canary}', '{Canary}', '{Canary}');
            insert into sourcing.sync_runs (store_id, id, supplier, job_run_id, fence, state, checkpoint, started_at, finished_at)
            values ({s}, '{Of("sync")}', '{Canary}', '{Of("job-run")}', 1, 'succeeded', jsonb_build_object(), now(), now());
            insert into sourcing.sync_issues (store_id, run_id, number, external_id, reason, detail) values ({s}, '{Of("sync")}', 1, '{Canary}', 'x', '{Canary}');
            insert into catalog.import_changes (store_id, run_id, product_id, kind) values ({s}, '{Of("sync")}', '{Of("product")}', 'updated');

            insert into orders.orders (store_id, id, number, user_id, full_name, email, phone, language, shipping_address, currency, subtotal, shipping,
                tax, discount, total, access_token_hash, payment_status, paid_at, status)
            values ({s}, '{Of("order")}', '{Canary}', '{Of("buyer")}', '{Canary}', '{EmailOf("buyer")}', '+27820000123', 'en',
                jsonb_build_object('city', '{Canary}', 'country', 'CM'), '{currency}', 987600, 0, 0, 0, 987600, {Bytes("order")}, 'paid', now(), 'paid');
            insert into orders.order_items (store_id, order_id, id, position, product_id, variant_id, sku, name, quantity, unit_price)
            values ({s}, '{Of("order")}', '{Of("item")}', 0, '{Of("product")}', '{Of("variant")}', '{Canary}', '{Canary}', 1, 987600);
            insert into payments.intents (store_id, id, order_id, order_number, gateway, method, amount, currency, reference, country, callback_token,
                start_key, request_hash, expires_at, status, succeeded_at)
            values ({s}, '{Of("payment")}', '{Of("order")}', '{Canary}', 'mtn_momo', 'mobile_money', 987600, '{currency}', '{Of("reference")}', 'CM',
                {Bytes("callback")}, '{Canary}', {Bytes("request")}, now() + interval '1 day', 'succeeded', now());
            insert into kernel.audit_log (store_id, actor, action, object, object_id) values ({s}, '{Id("usr", "owner")}', 'update', '{Canary}', '{Canary}');
            """;
    }

    // Each store has a market and a filter that the other has not.
    private static string MarketOf(string slug) => slug == "mallgram" ? "KES" : "GHS";

    private static string CountryOf(string slug) => slug == "mallgram" ? "KE" : "GH";
}
