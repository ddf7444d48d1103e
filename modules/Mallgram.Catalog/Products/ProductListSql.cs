using System.Globalization;
using System.Text;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Search;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Products;

/// <summary>
/// The statements of a product list. A page of narrow rows of <c>catalog.listings</c> is cut out by keyset first, texts are joined to that
/// page only. Words and attributes are looked up by <c>catalog.match_products</c>: this class is the one place that asks it.
/// </summary>
/// <remarks>
/// Words sorted by relevance are looked for in <c>products_relevance</c>, which has the words of names beside the sort: many products of the
/// store with them, and a page is full after a walk of <see cref="FirstWalk"/> entries at most. If it is not, and for other sorts, the
/// index of texts is asked for few products: up to <see cref="MostSorted"/> are simply sorted. Where there are more, many are soon met on a
/// walk of the sort's index that asks each product (<see cref="ShortWalk"/>). If not, they stand far down in this sort: all are looked up,
/// and a longer walk (<see cref="LongWalk"/>) compares ids, which reads nothing but the index of the sort. Should even that not fill the
/// page, they are sorted, or the first <see cref="MostCounted"/> of them.
/// Walks pass ids on, so that the wide rows of a page are read once.
/// </remarks>
internal sealed class ProductListSql
{
    /// <summary>Products that totals and facets count exactly.</summary>
    public const int MostCounted = 25_000;

    private const int MostCandidates = 2_500;
    private const int MostTexts = 1_000;     // As in catalog.match_products.
    private const int MostSorted = 1_000;
    private const int FirstWalk = 5_000;
    private const int ShortWalk = 1_500;
    private const int LongWalk = 20_000;

    // As in the index products_relevance.
    private const string WordsKey = "coalesce(w.rating * 100, 0)::int";

    private static readonly string Many = $"many as materialized (select count(*) > {MostSorted} and bool_and(tier = 2) as yes from handful)";

    private readonly ProductQuery _query;
    private readonly bool _french;
    private readonly NpgsqlBatchCommand _command = new();
    private readonly Dictionary<object, string> _added = [];

    private ProductListSql(ProductQuery query, bool french)
    {
        _query = query;
        _french = french;
    }

    /// <summary>Whether the query names words or attributes, which need the index of texts.</summary>
    private bool Matches => _query.Words is not null || _query.Attributes.Count > 0;

    /// <param name="filters">Of the query; a cursor must have been made for the same.</param>
    /// <param name="columns">What to select from <c>p</c> (products), <c>l</c> (listings) and <c>c</c> (categories). Then come the corrected
    /// words (null unless a typing error was mended) and the sort values.</param>
    /// <exception cref="Mallgram.Kernel.Problems.ProblemException">400 <c>cursor_invalid</c>.</exception>
    public static NpgsqlBatchCommand Page(ProductQuery query, string filters, bool french, string columns) =>
        new ProductListSql(query, french).PageCommand(filters, columns);

    /// <summary>One row: how many there are, at most one more than <see cref="MostCounted"/>; and whether words had more candidates than were looked at.</summary>
    public static NpgsqlBatchCommand Count(ProductQuery query) => new ProductListSql(query, french: false).CountCommand();

    /// <summary>Rows (facet, key, name, count); see <see cref="Facets"/>.</summary>
    public static NpgsqlBatchCommand FacetCounts(ProductQuery query, bool french, IReadOnlyList<FilterableAttribute> attributes) =>
        new ProductListSql(query, french).FacetsCommand(attributes);

    /// <summary>Sort values of the row the reader stands on, as <see cref="ListCursor"/> keeps them. They are the row's last columns.</summary>
    public static string[] CursorValues(ProductSort sort, NpgsqlDataReader row)
    {
        var id = row.FieldCount - 1;
        var product = row.GetGuid(id).ToString();
        return sort switch
        {
            ProductSort.Newest => [Text(row.GetDateTime(id - 1).Ticks), product],
            ProductSort.Featured => [Text(row.GetInt32(id - 2)), Text(row.GetDateTime(id - 1).Ticks), product],
            ProductSort.Rating => [Text(row.GetInt32(id - 2)), Text(row.GetInt32(id - 1)), product],
            ProductSort.Relevance => [Text(row.GetInt32(id - 3)), Text(row.GetInt32(id - 2)), Text(row.GetInt32(id - 1)), product],
            ProductSort.Name => [row.GetString(id - 1), product],
            ProductSort.Collection => [Text(row.GetInt32(id - 1)), product],
            _ => [Text(row.GetInt64(id - 1)), product],
        };
    }

    private NpgsqlBatchCommand PageCommand(string fingerprint, string columns)
    {
        var (sorted, descending) = Order();
        var order = string.Join(", ", sorted.Select(c => descending ? c + " desc" : c));
        var last = _query.Cursor is { } cursor ? Keyset(ListCursor.Read(cursor, fingerprint, sorted.Length)) : null;
        var comparison = descending ? "<" : ">";
        var after = last is null ? "" : $" and ({string.Join(", ", sorted)}) {comparison} ({string.Join(", ", last.Select(Add))})";
        // Outside the join that cut the page out, its position is a column of the page.
        static string Outside(string columns) => columns.Replace("i.position", "l.position", StringComparison.Ordinal);
        var filters = Filters();
        var all = All(filters);
        // Of a limit that is a parameter PostgreSQL expects a tenth of all rows, and plans anew each time to know better. That is right where
        // values decide; a plain list has one good plan, which takes longer to find than to run.
        var limit = Matches || filters.Count > 0
            ? Add(Sql.Int(_query.Limit + 1))
            : (_query.Limit + 1).ToString(CultureInfo.InvariantCulture);
        var text = new StringBuilder("with ");
        if (!Matches)
        {
            var curated = _query.Sort == ProductSort.Collection;
            text.Append(CultureInfo.InvariantCulture,
                $"""
                page as (
                    select l.*{(curated ? ", i.position" : "")} from catalog.listings l {(curated ? CollectionJoin() : "")}
                    where {Base()}{all}{after} order by {order} limit {limit})
                """);
        }
        else
        {
            // Tier comes first where relevance sorts; in a walk it is 2 for all, so the index of ratings has their order.
            var ranked = _query.Sort == ProductSort.Relevance;
            var walked = ranked ? sorted[1..] : sorted;
            var walkOrder = string.Join(", ", walked.Select(c => descending ? c + " desc" : c));
            var walkAfter = last is null ? ""
                : $" and ({string.Join(", ", walked)}) {comparison} ({string.Join(", ", last.TakeLast(walked.Length).Select(Add))})";
            // A reader among the products that have the words in their texts only has passed all that walks meet.
            var passed = ranked && last is not null && (int)last[0].Value! < 2;
            var curated = _query.Sort == ProductSort.Collection;
            var position = curated ? ", l.position" : "";
            string Walk(int rows, string when, string has) =>
                $"""
                select l.product_id, 2 as tier{position} from (
                        select l.*{(curated ? ", i.position" : "")} from catalog.listings l {(curated ? CollectionJoin() : "")}
                        where {Base()}{Prices()}{walkAfter} order by {walkOrder} limit {rows}) l
                    where {(passed ? "false" : when)}{all} and {has}
                    order by {Outside(walkOrder)} limit {limit}
                """;
            Query(text, "", _query.Attributes);
            // Attributes are no words of names.
            if (ranked && _query.Attributes.Count == 0)
            {
                var keys = $"({WordsKey}, w.review_count, w.id)";
                text.Append(CultureInfo.InvariantCulture,
                    $"""
                    , near as materialized (
                        select w.id as product_id, 2 as tier from (
                            select w.store_id, w.id, w.words, {WordsKey} as rating_hundredths, w.review_count from catalog.products w
                            where w.store_id = kernel.current_store() and w.status = 'active'{(last is null ? "" : $" and {keys} < ({string.Join(", ", last.TakeLast(3).Select(Add))})")}
                            order by {WordsKey} desc, w.review_count desc, w.id desc limit {FirstWalk}) w
                        join catalog.listings l on l.store_id = w.store_id and l.product_id = w.id
                        where {(passed ? "false" : Base())}{all} and (w.words @@ (select query from q) or w.words is null and {HasWords()})
                        order by w.rating_hundredths desc, w.review_count desc, w.id desc limit {limit}),
                    """);
                Found(text, "handful", "", MostSorted, $"(select count(*) < {limit} from near)");
                text.Append(CultureInfo.InvariantCulture, $", {Many},");
            }
            else
            {
                text.Append(", ");
                Found(text, "handful", "", MostSorted, "true");
                text.Append(CultureInfo.InvariantCulture, $", {Many}, near as materialized ({Walk(ShortWalk, "(select yes from many)", HasWords())}),");
            }

            text.Append(CultureInfo.InvariantCulture,
                $" far as materialized (select (select yes from many) and (select count(*) from near) < {limit} as yes), ");
            Found(text, "found", "", MostCounted, "(select yes from far)");
            // "is true" keeps the ids a hash that is asked row by row: as a join, the walk would be read to its end.
            text.Append(CultureInfo.InvariantCulture,
                $"""
                , mid as materialized ({Walk(
                    LongWalk, "(select yes from far)", "(l.product_id in (select product_id from found)) is true")}),
                rest as materialized (select (select yes from far) and (select count(*) from mid) < {limit} as yes),
                picked as (
                    select * from handful where not (select yes from many)
                    union all
                    select * from found where (select yes from rest)),
                cut as (
                    select * from near where (select count(*) from near) >= {limit}
                    union all
                    select * from mid where not (select yes from rest)
                    union all
                    (select l.product_id, m.tier{(curated ? ", i.position" : "")}
                     from picked m join catalog.listings l on l.product_id = m.product_id {(curated ? CollectionJoin() : "")}
                     where {Base()}{all}{after.Replace("l.tier", "m.tier", StringComparison.Ordinal)}
                     order by {order.Replace("l.tier", "m.tier", StringComparison.Ordinal)} limit {limit})),
                page as (
                    select l.*, m.tier{(curated ? ", m.position" : "")}
                    from cut m join catalog.listings l on l.product_id = m.product_id where {Base()})
                """);
        }

        text.Append(CultureInfo.InvariantCulture,
            $"""

            select {columns}, {(_query.Words is null ? "null::text" : "(select corrected from q)")}, {Outside(string.Join(", ", sorted))}
            from page l
            join catalog.products p on p.store_id = l.store_id and p.id = l.product_id
            left join catalog.categories c on c.store_id = p.store_id and c.id = p.category_id
            order by {Outside(order)}
            """);
        _command.CommandText = text.ToString();
        return _command;
    }

    private NpgsqlBatchCommand CountCommand()
    {
        var text = new StringBuilder("with ");
        var from = From(text, "", _query.Attributes);
        text.Append(CultureInfo.InvariantCulture,
            $"""
            counted as (select 1 from {from} where {Base()}{All(Filters())} limit {MostCounted + 1})
            select (select count(*) from counted), {(Matches ? $"(select count(*) > {MostTexts} and bool_or(tier = 1) from found)" : "false")}
            """);
        _command.CommandText = text.ToString();
        return _command;
    }

    private NpgsqlBatchCommand FacetsCommand(IReadOnlyList<FilterableAttribute> attributes)
    {
        const string Columns = "l.product_id, l.category_id, l.brand_slug, l.price, l.rating_hundredths, l.in_stock, l.ships_within_days";
        var filters = Filters();
        var text = new StringBuilder("with ");
        var all = From(text, "", _query.Attributes);
        // A facet ignores its own filter; those without one share the rows of the whole query.
        var own = filters.Select(f => f.Facet).OfType<string>()
            .Concat(_query.Attributes.Where(a => a.Values is not null).Select(a => "attribute_" + a.Code)).Distinct(StringComparer.Ordinal).ToList();
        foreach (var facet in own.Prepend(""))
        {
            var others = _query.Attributes.Where(a => facet != "attribute_" + a.Code).ToList();
            var from = others.Count == _query.Attributes.Count ? all : From(text, "_" + facet, others);
            var where = Base() + All(filters.Where(f => f.Facet is null || f.Facet != facet));
            text.Append(CultureInfo.InvariantCulture, $"rows_{facet} as materialized (select {Columns} from {from} where {where} limit {MostCounted + 1}), ");
        }

        string Rows(string facet) => own.Contains(facet, StringComparer.Ordinal) ? "rows_" + facet : "rows_";
        var name = _french ? "coalesce(c.name_fr, c.name)" : "c.name";
        text.Append(CultureInfo.InvariantCulture,
            $$"""
            edges as (
                select array(select distinct case when e < 10 then e else round(e::numeric, 1 - floor(log(e))::int)::bigint end
                    from unnest(percentile_disc(array[0.2, 0.4, 0.6, 0.8]) within group (order by price)) e order by 1) as list
                from {{Rows("price")}}),
            category_counts as (select category_id, count(*) as n from {{Rows("category")}} where category_id is not null group by 1)
            (select 'category', c.slug, {{name}}, sum(n.n)::bigint, t.ancestor_id::text
             from category_counts n join catalog.category_closure t on t.descendant_id = n.category_id join catalog.categories c on c.id = t.ancestor_id
             where c.active group by c.slug, 3, t.ancestor_id order by 4 desc, 2 limit 100)
            union all
            (select 'brand', b.slug, b.name, n.n, null
             from (select brand_slug, count(*) as n from {{Rows("brand")}} where brand_slug is not null group by 1 order by 2 desc, 1 limit 50) n
             join catalog.brands b on b.slug = n.brand_slug order by n.n desc, b.slug)
            union all
            (select 'price', (case when list[1] is null then 0 else width_bucket(price, list) end)::text, list::text, count(*), null
             from {{Rows("price")}}, edges group by 2, 3 order by 2)
            union all
            (select 'rating', t::text, null, count(*), null from {{Rows("rating")}} r join unnest(array[4, 3, 2, 1]) t on r.rating_hundredths >= t * 100 group by t order by t desc)
            union all
            (select 'in_stock', in_stock::text, null, count(*), null from {{Rows("in_stock")}} group by in_stock order by in_stock desc)
            union all
            (select 'ships_within', t::text, null, count(*), null
             from {{Rows("ships_within")}} r join unnest(array[3, 7, 14, 30]) t on r.ships_within_days <= t group by t order by t)
            union all
            (select 'total', null, null, count(*), null from rows_)
            """);
        foreach (var attribute in attributes)
        {
            var code = Add(Sql.Text(attribute.Code));
            // Texts of products are wide: their attributes are read for some of them only.
            text.Append(CultureInfo.InvariantCulture,
                $"""

                union all
                (select 'attribute', {code}, a.value, count(*), null
                 from (select product_id from {Rows("attribute_" + attribute.Code)} limit {MostCandidates}) r
                 join catalog.products p on p.id = r.product_id cross join lateral (select p.attributes ->> {code} as value) a
                 where a.value is not null group by a.value order by 4 desc, 3 limit 30)
                """);
        }

        _command.CommandText = text.ToString();
        return _command;
    }

    /// <summary>What totals and facets look at: listings, for words and attributes joined to the products that have them.</summary>
    private string From(StringBuilder text, string suffix, IReadOnlyList<AttributeFilter> attributes)
    {
        if (_query.Words is null && attributes.Count == 0)
        {
            return "catalog.listings l";
        }

        Query(text, suffix, attributes);
        text.Append(", ");
        Found(text, "found", suffix, MostCounted, "true");
        text.Append(", ");
        return $"found{suffix} m join catalog.listings l on l.product_id = m.product_id";
    }

    /// <summary><c>q</c>: the query and the corrected words, one row.</summary>
    private void Query(StringBuilder text, string suffix, IReadOnlyList<AttributeFilter> filters)
    {
        var attributes = AttributeWords(filters);
        var query = _query.Words is not { } words ? $"select {attributes} as query, null::text as corrected"
            : $"select {(attributes is null ? "s.query" : $"s.query && {attributes}")} as query, s.corrected"
                + $" from catalog.search_query({Add(words, Sql.Text)}, {Add((words, "folded"), w => Sql.Text(PlainText.Words(w.words)))}) s";
        text.Append(CultureInfo.InvariantCulture, $"q{suffix} as materialized ({query})");
    }

    /// <summary>The first products that have it; one more than <paramref name="cap"/> where there are more.</summary>
    private void Found(StringBuilder text, string name, string suffix, int cap, string when) => text.Append(CultureInfo.InvariantCulture,
        $"""
        {name}{suffix} as materialized (
            select m.product_id, m.tier from q{suffix} q
            cross join lateral catalog.match_products(q.query, {(_query.Words is null ? "false" : "true")}, {cap}) m where {when})
        """);

    private static string HasWords() =>
        "exists (select from catalog.products w where w.store_id = kernel.current_store() and w.store_id = l.store_id and w.id = l.product_id and w.title @@ (select query from q))";

    /// <summary>Attributes as words of the title's index: one of the values of each, or for a range having the attribute at all.</summary>
    private string? AttributeWords(IReadOnlyList<AttributeFilter> filters)
    {
        if (filters.Count == 0)
        {
            return null;
        }

        var words = filters.Select(a => "(" + string.Join(
            " | ", (a.Values ?? [""]).Select(v => Quote(Cut(a.Code + "=" + v)))) + ")");
        return Add(Sql.Text(string.Join(" & ", words))) + "::tsquery";

        static string Cut(string word) => word.Length > 300 ? word[..300] : word;
        static string Quote(string word) =>
            "'" + word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";
    }

    /// <summary>The channel is written out, or the partial indexes could not be used.</summary>
    private string Base() => $"l.currency = {Add(_query.Currency, Sql.Text)}::char(3) and " + _query.Channel switch
    {
        "b2b" => "l.channel = 'b2b'",
        "b2c" => "l.is_primary and l.channel = 'b2c'",
        _ => "l.is_primary",
    };

    private static string All(IEnumerable<(string? Facet, string Sql)> filters) => string.Concat(filters.Select(f => " and " + f.Sql));

    /// <summary>In a walk by price its bounds end it; in any other they are asked of each row like all filters.</summary>
    private string Prices() => _query.Sort is ProductSort.Price or ProductSort.PriceDescending
        ? All(Filters().Where(f => f.Facet == "price"))
        : "";

    private string CollectionJoin() =>
        "join catalog.collection_products i on i.store_id = l.store_id and i.product_id = l.product_id"
        + $" and i.collection_id = (select id from catalog.collections where slug = {Add(_query.Collection!, Sql.Text)} and active)";

    /// <returns>Conditions on <c>l</c>, each with the facet that ignores it.</returns>
    private List<(string? Facet, string Sql)> Filters()
    {
        var filters = new List<(string?, string)>();
        if (_query.Category is { } category)
        {
            var root = PublicId.TryParse(PublicId.Category, category, out var id)
                ? $"r.id = {Add(id, Sql.Uuid)}"
                : $"r.slug = {Add(category, Sql.Text)}";
            // As an array the tree is read once; as a sub-select it would be searched for every row.
            filters.Add(("category",
                "l.category_id = any(array(select t.descendant_id from catalog.categories r join catalog.category_closure t"
                + $" on t.store_id = r.store_id and t.ancestor_id = r.id where {root}))"));
        }

        if (_query.Brands is { } brands)
        {
            filters.Add(("brand", $"l.brand_slug = any({Add(brands, b => Sql.Texts([.. b]))})"));
        }

        if (_query.MinPrice is { } minPrice)
        {
            filters.Add(("price", $"l.price >= {Add((minPrice, 1), p => Sql.Long(p.minPrice))}"));
        }

        if (_query.MaxPrice is { } maxPrice)
        {
            filters.Add(("price", $"l.price <= {Add((maxPrice, 2), p => Sql.Long(p.maxPrice))}"));
        }

        if (_query.MinRatingHundredths is { } rating)
        {
            filters.Add(("rating", $"l.rating_hundredths >= {Add(rating, Sql.Int)}"));
        }

        if (_query.InStock is { } inStock)
        {
            filters.Add(("in_stock", inStock ? "l.in_stock" : "not l.in_stock"));
        }

        if (_query.ShipsWithin is { } days)
        {
            filters.Add(("ships_within", $"l.ships_within_days <= {Add((days, "days"), d => Sql.Int(d.days))}"));
        }

        if (_query.Featured is { } featured)
        {
            filters.Add((null, featured ? "l.featured" : "not l.featured"));
        }

        if (_query.BestSeller is { } best)
        {
            filters.Add((null, best ? "l.best_seller" : "not l.best_seller"));
        }

        if (_query.New is { } isNew)
        {
            filters.Add((null, isNew ? "l.new_until > now()" : "l.new_until <= now()"));
        }

        if (_query.Tag is { } tag)
        {
            filters.Add((null,
                "exists (select from catalog.product_tags g where g.store_id = l.store_id and g.product_id = l.product_id"
                + $" and g.tag = {Add((tag, "tag"), t => Sql.Text(t.tag))})"));
        }

        if (_query.Collection is { } collection && _query.Sort != ProductSort.Collection)
        {
            filters.Add((null,
                "exists (select from catalog.collection_products i where i.store_id = l.store_id and i.product_id = l.product_id"
                + $" and i.collection_id = (select id from catalog.collections where slug = {Add(collection, Sql.Text)} and active))"));
        }

        foreach (var attribute in _query.Attributes.Where(a => a.Values is null))
        {
            var value = $"(a.attributes ->> {Add(attribute.Code, Sql.Text)})::numeric";
            var within = new List<string>();
            if (attribute.Least is { } least)
            {
                within.Add($"{value} >= {Add((attribute.Code, least, ">="), l => Sql.Decimal(l.least))}");
            }

            if (attribute.Most is { } most)
            {
                within.Add($"{value} <= {Add((attribute.Code, most, "<="), m => Sql.Decimal(m.most))}");
            }

            filters.Add((null,
                "exists (select from catalog.products a where a.store_id = l.store_id and a.id = l.product_id"
                + $" and case when jsonb_typeof(a.attributes -> {Add(attribute.Code, Sql.Text)}) = 'number' then {string.Join(" and ", within)} else false end)"));
        }

        return filters;
    }

    private (string[] Columns, bool Descending) Order() => _query.Sort switch
    {
        ProductSort.Price => (["l.price", "l.product_id"], false),
        ProductSort.PriceDescending => (["l.price", "l.product_id"], true),
        ProductSort.Rating => (["l.rating_hundredths", "l.review_count", "l.product_id"], true),
        ProductSort.Name => ([(_french ? "l.name_key_fr" : "l.name_key") + " collate \"C\"", "l.product_id"], false),
        ProductSort.Featured => (["l.sort_order", "l.created_at", "l.product_id"], true),
        ProductSort.Relevance => (["l.tier", "l.rating_hundredths", "l.review_count", "l.product_id"], true),
        ProductSort.Collection => (["i.position", "l.product_id"], false),
        _ => (["l.created_at", "l.product_id"], true),
    };

    private List<NpgsqlParameter> Keyset(string[] values)
    {
        var parameters = values[..^1].Select((value, i) => _query.Sort switch
        {
            ProductSort.Name => Sql.Text(value),
            ProductSort.Newest => Sql.Time(Time(value)),
            ProductSort.Featured => i == 0 ? Sql.Int((int)Number(value, int.MinValue, int.MaxValue)) : Sql.Time(Time(value)),
            ProductSort.Collection => Sql.Int((int)Number(value, int.MinValue, int.MaxValue)),
            ProductSort.Rating or ProductSort.Relevance => Sql.Int((int)Number(value, 0, int.MaxValue)),
            _ => Sql.Long(Number(value, 0, long.MaxValue)),
        }).ToList();
        parameters.Add(Sql.Uuid(Guid.TryParse(values[^1], out var id) ? id : throw ListCursor.Invalid()));
        return parameters;
    }

    private string Add(NpgsqlParameter parameter)
    {
        var at = _command.Parameters.IndexOf(parameter);
        if (at < 0)
        {
            _command.Parameters.Add(parameter);
            at = _command.Parameters.Count - 1;
        }

        return "$" + (at + 1).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The same value is one parameter however often it is named.</summary>
    private string Add<T>(T value, Func<T, NpgsqlParameter> make)
        where T : notnull => _added.TryGetValue(value, out var known) ? known : _added[value] = Add(make(value));

    private static DateTimeOffset Time(string value) => new(Number(value, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);

    private static long Number(string value, long least, long most) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw ListCursor.Invalid();

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
