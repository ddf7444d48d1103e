using System.Globalization;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Products;

/// <summary>
/// The statements of a product list: a page of narrow rows is cut out by keyset first, texts are joined to that page only.
/// </summary>
/// <param name="Count">Null unless the total was asked for.</param>
internal sealed record ProductListSql(NpgsqlBatchCommand Page, NpgsqlBatchCommand? Count, ProductSort Sort)
{
    /// <param name="filters">Of the query; a cursor must have been made for the same.</param>
    /// <param name="columns">What to select from <c>p</c> (products), <c>l</c> (listings) and <c>c</c> (categories).</param>
    /// <exception cref="Mallgram.Kernel.Problems.ProblemException">400 <c>cursor_invalid</c>.</exception>
    public static ProductListSql Build(ProductQuery query, string filters, string currency, bool french, string columns) => new(
        PageOf(query, filters, currency, french, columns), query.IncludeTotal ? CountOf(query, currency) : null, query.Sort);

    /// <summary>Sort values of the row the reader stands on, as <see cref="ListCursor"/> keeps them. They are the row's last columns.</summary>
    public string[] CursorValues(NpgsqlDataReader row)
    {
        var id = row.FieldCount - 1;
        return Sort switch
        {
            ProductSort.Newest => [Text(row.GetDateTime(id - 1).Ticks), row.GetGuid(id).ToString()],
            ProductSort.Rating => [Text(row.GetInt32(id - 2)), Text(row.GetInt32(id - 1)), row.GetGuid(id).ToString()],
            ProductSort.Name => [row.GetString(id - 1), row.GetGuid(id).ToString()],
            _ => [Text(row.GetInt64(id - 1)), row.GetGuid(id).ToString()],
        };
    }

    private static NpgsqlBatchCommand PageOf(ProductQuery query, string filters, string currency, bool french, string columns)
    {
        var command = new NpgsqlBatchCommand();
        var (with, from, where) = Selection(query, currency, command);
        var (sorted, descending) = Order(query.Sort, french);
        var order = string.Join(", ", sorted.Select(c => descending ? c + " desc" : c));
        if (query.Cursor is { } cursor)
        {
            var last = KeysetParameters(ListCursor.Read(cursor, filters, sorted.Length), query.Sort).Select(p => Add(command, p));
            where += $" and ({string.Join(", ", sorted)}) {(descending ? "<" : ">")} ({string.Join(", ", last)})";
        }

        var ranked = query.Words is not null;
        command.CommandText =
            $"""
            {with} page as (
                select l.*{(ranked ? ", m.relevance" : "")} {from} {where} order by {order} limit {Add(command, Sql.Int(query.Limit + 1))})
            select {columns}, {string.Join(", ", sorted)}
            from page l
            {(ranked ? "cross join lateral (select l.relevance) m" : "")}
            join catalog.products p on p.store_id = l.store_id and p.id = l.product_id
            left join catalog.categories c on c.store_id = p.store_id and c.id = p.category_id
            order by {order}
            """;
        return command;
    }

    private static NpgsqlBatchCommand CountOf(ProductQuery query, string currency)
    {
        var command = new NpgsqlBatchCommand();
        var (with, from, where) = Selection(query, currency, command);
        command.CommandText = $"{with} counted as (select count(*) as n {from} {where}) select n from counted";
        return command;
    }

    private static (string With, string From, string Where) Selection(ProductQuery query, string currency, NpgsqlBatchCommand command)
    {
        var with = "with";
        var from = "from catalog.listings l";
        // The channel is written out, or the partial indexes could not be used.
        var where = new List<string>
        {
            $"l.currency = {Add(command, Sql.Text(currency))}::char(3)",
            query.Channel switch { "b2b" => "l.channel = 'b2b'", "b2c" => "l.is_primary and l.channel = 'b2c'", _ => "l.is_primary" },
        };
        if (query.Words is { } words)
        {
            from += $" join catalog.find_products({Add(command, Sql.Text(words))}, {Add(command, Sql.Text(PlainText.Fold(words)))}) m"
                + " on m.product_id = l.product_id";
        }

        if (query.Category is { } category)
        {
            var root = PublicId.TryParse(PublicId.Category, category, out var id)
                ? $"id = {Add(command, Sql.Uuid(id))}"
                : $"slug = {Add(command, Sql.Text(category))}";
            with += $" subtree as (select t.descendant_id from catalog.categories r join catalog.category_closure t"
                + $" on t.store_id = r.store_id and t.ancestor_id = r.id where r.{root}),";
            // As an array the tree is read once; as a sub-select it would be searched for every row.
            where.Add("l.category_id = any(array(select descendant_id from subtree))");
        }

        if (query.MinPrice is { } minPrice)
        {
            where.Add($"l.price >= {Add(command, Sql.Long(minPrice))}");
        }

        if (query.MaxPrice is { } maxPrice)
        {
            where.Add($"l.price <= {Add(command, Sql.Long(maxPrice))}");
        }

        if (query.MinRatingHundredths is { } rating)
        {
            where.Add($"l.rating_hundredths >= {Add(command, Sql.Int(rating))}");
        }

        if (query.InStock is { } inStock)
        {
            where.Add($"l.in_stock = {Add(command, Sql.Bool(inStock))}");
        }

        return (with, from, "where " + string.Join(" and ", where));
    }

    private static (string[] Columns, bool Descending) Order(ProductSort sort, bool french) => sort switch
    {
        ProductSort.Price => (["l.price", "l.product_id"], false),
        ProductSort.PriceDescending => (["l.price", "l.product_id"], true),
        ProductSort.Rating => (["l.rating_hundredths", "l.review_count", "l.product_id"], true),
        ProductSort.Name => ([(french ? "l.name_key_fr" : "l.name_key") + " collate \"C\"", "l.product_id"], false),
        ProductSort.Relevance => (["m.relevance", "l.product_id"], true),
        _ => (["l.created_at", "l.product_id"], true),
    };

    private static List<NpgsqlParameter> KeysetParameters(string[] values, ProductSort sort)
    {
        var parameters = values[..^1].Select(value => sort switch
        {
            ProductSort.Name => Sql.Text(value),
            ProductSort.Newest => Sql.Time(new DateTimeOffset(Number(value, DateTime.MaxValue.Ticks), TimeSpan.Zero)),
            ProductSort.Rating => Sql.Int((int)Number(value, int.MaxValue)),
            _ => Sql.Long(Number(value, long.MaxValue)),
        }).ToList();
        parameters.Add(Sql.Uuid(Guid.TryParse(values[^1], out var id) ? id : throw ListCursor.Invalid()));
        return parameters;
    }

    private static string Add(NpgsqlBatchCommand command, NpgsqlParameter parameter)
    {
        command.Parameters.Add(parameter);
        return "$" + command.Parameters.Count.ToString(CultureInfo.InvariantCulture);
    }

    private static long Number(string value, long most) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw ListCursor.Invalid();

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
