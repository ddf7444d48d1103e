using System.Diagnostics;
using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Pricing;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Catalog.Quality;

/// <param name="Country">ISO 3166-1, or <c>*</c> for every country without a filter of its own. Only the preview reads it from the body.</param>
/// <param name="MinSellerRating">0 to 5, as <paramref name="MinRating"/>. A product whose figure is unknown is left out.</param>
/// <param name="MinPrice">Minor units of the market's currency, as <paramref name="MaxPrice"/>.</param>
/// <param name="BannedWords">Whole words of the names, any case and accents; at most 200 of at most 100 characters.</param>
/// <param name="BannedCategories">Ids; what is below them is banned too. At most 200.</param>
internal sealed record QualityFilterBody(
    string? Country,
    decimal? MinSellerRating,
    decimal? MinRating,
    int? MinReviewCount,
    int? MinStock,
    bool? RequireImage,
    long? MinPrice,
    long? MaxPrice,
    IReadOnlyList<string>? BannedWords,
    IReadOnlyList<string>? BannedCategories);

internal sealed record QualityFilterView(
    string Country,
    decimal? MinSellerRating,
    decimal? MinRating,
    int? MinReviewCount,
    int? MinStock,
    bool RequireImage,
    long? MinPrice,
    long? MaxPrice,
    IReadOnlyList<string> BannedWords,
    IReadOnlyList<string> BannedCategories,
    DateTime UpdatedAt);

internal sealed record QualityFilterList(IReadOnlyList<QualityFilterView> Data);

/// <param name="Currency">Market it would leave.</param>
internal sealed record QualityExample(string ProductId, string Name, string Currency, string Reason);

/// <param name="Checked">Products on sale that were looked at.</param>
/// <param name="IsComplete">False when time ran out before all were.</param>
/// <param name="Leaving">Products that would leave at least one market they are in now.</param>
/// <param name="Reasons">Products by reason, of the first market they would leave.</param>
/// <param name="Examples">At most 20.</param>
internal sealed record QualityPreview(
    int Checked, bool IsComplete, int Leaving, IReadOnlyDictionary<string, int> Reasons, IReadOnlyList<QualityExample> Examples);

internal static class QualityFilterEndpoints
{
    private const int PreviewPage = 1000;
    private const int MaxExamples = 20;

    private static readonly TimeSpan PreviewAtMost = TimeSpan.FromSeconds(10);

    private static readonly ProblemCode FilterNotFound = new("quality_filter_not_found", 404,
        "This store has no quality filter for that country.", "Cette boutique n'a pas de filtre de qualité pour ce pays.");

    public static void MapQualityFilters(this IEndpointRouteBuilder admin)
    {
        var filters = admin.MapGroup("/quality-filters").WithTags("Quality filters");
        filters.MapGet("/", ListAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("ListQualityFilters")
            .WithSummary("What is good enough for the catalogue, by destination country");
        filters.MapGet("/{country}", FindAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("GetQualityFilter")
            .WithSummary("The filter of a country, or of * for all others")
            .ProducesProblem(StatusCodes.Status404NotFound);
        filters.MapPut("/{country}", PutAsync).RequirePermission(Permissions.SourcingWrite).WithName("PutQualityFilter")
            .WithSummary("Set the filter of a country; stored products are judged again within moments")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        filters.MapDelete("/{country}", DeleteAsync)
            .RequirePermission(Permissions.SourcingWrite).WithName("DeleteQualityFilter").WithSummary("Remove the filter of a country")
            .ProducesProblem(StatusCodes.Status404NotFound);
        filters.MapPost("/preview", PreviewAsync).RequirePermission(Permissions.SourcingWrite).WithName("PreviewQualityFilter")
            .WithSummary("What a filter would leave out of what is on sale now, without saving it")
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
    }

    private static async Task<Ok<QualityFilterList>> ListAsync(StoreDatabase database, CancellationToken ct) =>
        TypedResults.Ok(new QualityFilterList(await ReadAsync(database, country: null, ct)));

    private static async Task<Ok<QualityFilterView>> FindAsync(string country, StoreDatabase database, CancellationToken ct) =>
        await ReadAsync(database, country, ct) is [var found] ? TypedResults.Ok(found) : throw new ProblemException(FilterNotFound);

    private static async Task<Ok<QualityFilterView>> PutAsync(
        string country,
        JsonBody<QualityFilterBody> body,
        HttpContext context,
        StoreDatabase database,
        StoreScope scope,
        OutboxWriter outbox,
        CancellationToken ct)
    {
        var (filter, categories) = await CheckAsync(body.Value with { Country = country }, database, ct);
        await using (var transaction = await database.BeginAsync(ct))
        {
            await transaction.ExecuteAsync(ct, [
                Sql.Command(
                    """
                    insert into catalog.quality_filters (
                        store_id, country, min_seller_rating, min_rating, min_review_count, min_stock, require_image, min_price, max_price,
                        banned_words, banned_categories)
                    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                    on conflict (store_id, country) do update set
                        min_seller_rating = excluded.min_seller_rating, min_rating = excluded.min_rating,
                        min_review_count = excluded.min_review_count, min_stock = excluded.min_stock, require_image = excluded.require_image,
                        min_price = excluded.min_price, max_price = excluded.max_price, banned_words = excluded.banned_words,
                        banned_categories = excluded.banned_categories
                    """,
                    Sql.Uuid(scope.StoreId), Sql.Text(filter.Country), Sql.Decimal(filter.MinSellerRating), Sql.Decimal(filter.MinRating),
                    Sql.Int(filter.MinReviewCount), Sql.Int(filter.MinStock), Sql.Bool(filter.RequireImage), Sql.Long(filter.MinPrice),
                    Sql.Long(filter.MaxPrice), Sql.Texts([.. filter.BannedWords]), Sql.Uuids(categories)),
                .. Changed(outbox, scope, context),
            ]);
            await transaction.CommitAsync(ct);
        }

        return TypedResults.Ok((await ReadAsync(database, filter.Country, ct))[0]);
    }

    private static async Task<NoContent> DeleteAsync(
        string country, HttpContext context, StoreDatabase database, StoreScope scope, OutboxWriter outbox, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        if (await transaction.ExecuteAsync(ct, [
            Sql.Command("delete from catalog.quality_filters where country = $1", Sql.Text(Clean(country)))]) == 0)
        {
            throw new ProblemException(FilterNotFound);
        }

        await transaction.ExecuteAsync(ct, Changed(outbox, scope, context));
        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<QualityPreview>> PreviewAsync(JsonBody<QualityFilterBody> body, StoreDatabase database, CancellationToken ct)
    {
        var (filter, categories) = await CheckAsync(body.Value, database, ct);
        PriceBook book;
        QualityFilters filters;
        await using (var reader = await database.QueryAsync(ct, [
            .. PriceBook.LoadToShow(),
            QualityFilters.LoadCommand(),
            Sql.Command("select descendant_id from catalog.category_closure where ancestor_id = any($1)", Sql.Uuids(categories)),
        ]))
        {
            book = await PriceBook.ReadAsync(reader.Rows, ct);
            await reader.Rows.NextResultAsync(ct);
            filters = await QualityFilters.ReadAsync(reader.Rows, ct);
            await reader.Rows.NextResultAsync(ct);
            var banned = new HashSet<Guid>();
            while (await reader.Rows.ReadAsync(ct))
            {
                banned.Add(reader.Rows.GetGuid(0));
            }

            filters = filters.With(filter with { BannedCategories = banned, BannedWords = [.. filter.BannedWords.Select(QualityFilters.Folded)] });
        }

        var startedAt = Stopwatch.GetTimestamp();
        var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
        var examples = new List<QualityExample>();
        var (after, seen, leaving, isComplete) = (Guid.Empty, 0, 0, false);
        while (!isComplete && Stopwatch.GetElapsedTime(startedAt) < PreviewAtMost)
        {
            await using var reader = await database.QueryAsync(ct, JudgedProducts.OfPage(after, PreviewPage, supplier: null, category: null));
            var page = await JudgedProducts.ReadAsync(reader.Rows, book, ct);
            isComplete = page.Count == 0;
            after = isComplete ? after : page[^1].Id;
            foreach (var product in page.Where(p => p.IsActive))
            {
                seen++;
                var left = filters.Judge(product.Facts, book.Markets, product.Cheapest()).Failing
                    .FirstOrDefault(f => !product.Exclusions.ContainsKey(f.Key));
                if (left is { Key: { } currency, Value: { } reason })
                {
                    leaving++;
                    reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
                    if (examples.Count < MaxExamples)
                    {
                        examples.Add(new QualityExample(PublicId.Format(PublicId.Product, product.Id), product.Name, currency, reason));
                    }
                }
            }
        }

        return TypedResults.Ok(new QualityPreview(seen, isComplete, leaving, reasons, examples));
    }

    /// <summary>Stored products are judged again, and suppliers' items that were left out are read again.</summary>
    private static NpgsqlBatchCommand[] Changed(OutboxWriter outbox, StoreScope scope, HttpContext context) =>
    [
        outbox.Add(scope.StoreId, FiltersChanged.EventType, new FiltersChanged(SkipReasons.FilteredPrefix)),
        outbox.Add(scope.StoreId, JudgeProducts.Type, new ProductsToJudge(
            After: null, Supplier: null, Category: null, context.User.FindFirst("sub")?.Value ?? throw new InvalidOperationException("Nobody is signed in."))),
    ];

    private static async Task<List<QualityFilterView>> ReadAsync(StoreDatabase database, string? country, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select country, min_seller_rating, min_rating, min_review_count, min_stock, require_image, min_price, max_price, banned_words,
                   banned_categories, updated_at
            from catalog.quality_filters where $1::text is null or country = $1 order by country
            """,
            Sql.Text(country is null ? null : Clean(country))));
        var filters = new List<QualityFilterView>();
        var row = reader.Rows;
        while (await row.ReadAsync(ct))
        {
            filters.Add(new QualityFilterView(
                row.GetString(0), row.IsDBNull(1) ? null : row.GetDecimal(1), row.IsDBNull(2) ? null : row.GetDecimal(2),
                row.IsDBNull(3) ? null : row.GetInt32(3), row.IsDBNull(4) ? null : row.GetInt32(4), row.GetBoolean(5),
                row.IsDBNull(6) ? null : row.GetInt64(6), row.IsDBNull(7) ? null : row.GetInt64(7), row.GetFieldValue<string[]>(8),
                [.. row.GetFieldValue<Guid[]>(9).Select(c => PublicId.Format(PublicId.Category, c))], row.GetDateTime(10)));
        }

        return filters;
    }

    private static async Task<(QualityFilter Filter, Guid[] Categories)> CheckAsync(QualityFilterBody body, StoreDatabase database, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var country = body.Country ?? "*";
        if (country != "*" && (country.Length != 2 || !country.All(char.IsAsciiLetterUpper)))
        {
            errors.Add("country", "must be an ISO 3166-1 code like CM, or *", "doit être un code ISO 3166-1 comme CM, ou *");
        }

        Rating(body.MinSellerRating, "min_seller_rating");
        Rating(body.MinRating, "min_rating");
        NotNegative(body.MinReviewCount, "min_review_count");
        NotNegative(body.MinStock, "min_stock");
        NotNegative(body.MinPrice, "min_price");
        NotNegative(body.MaxPrice, "max_price");
        if (body.MaxPrice is 0 || body.MaxPrice < body.MinPrice)
        {
            errors.Add("max_price", "must be more than zero and not less than min_price", "doit être positif et au moins min_price");
        }

        var words = body.BannedWords ?? [];
        if (words.Count > 200 || words.Any(w => w is null || w.Length > 100 || QualityFilters.Folded(w).Length == 0))
        {
            errors.Add("banned_words", "must be at most 200 words of 1 to 100 characters", "doit contenir au plus 200 mots de 1 à 100 caractères");
        }

        var categories = new List<Guid>();
        foreach (var sent in body.BannedCategories ?? [])
        {
            if (PublicId.TryParse(PublicId.Category, sent, out var id))
            {
                categories.Add(id);
            }
        }

        if (categories.Count != (body.BannedCategories?.Count ?? 0) || categories.Count > 200 || await CountAsync(categories) != categories.Count)
        {
            errors.Add("banned_categories", "must be at most 200 different categories of this store",
                "doit contenir au plus 200 catégories différentes de cette boutique");
        }

        errors.ThrowIfAny();
        return (
            new QualityFilter(
                country, body.MinSellerRating, body.MinRating, body.MinReviewCount, body.MinStock, body.RequireImage ?? false, body.MinPrice,
                body.MaxPrice, words, categories.ToHashSet()),
            [.. categories]);

        void Rating(decimal? value, string field)
        {
            if (value is < 0 or > 5)
            {
                errors.Add(field, "must be 0 to 5", "doit être de 0 à 5");
            }
        }

        void NotNegative(long? value, string field)
        {
            if (value < 0)
            {
                errors.Add(field, "must not be negative", "ne doit pas être négatif");
            }
        }

        async Task<int> CountAsync(List<Guid> ids)
        {
            if (ids.Count == 0)
            {
                return 0;
            }

            await using var reader = await database.QueryAsync(ct, Sql.Command(
                "select count(*)::int from catalog.categories where id = any($1)", Sql.Uuids([.. ids])));
            await reader.Rows.ReadAsync(ct);
            return reader.Rows.GetInt32(0);
        }
    }

    private static string Clean(string country) => country.Replace('\0', ' ');
}
