using System.Globalization;
using Mallgram.Catalog.Http;
using Mallgram.Catalog.Text;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Catalog.Search;

/// <param name="Terms">Two to twenty words or short phrases that mean the same.</param>
internal sealed record SynonymBody(IReadOnlyList<string?>? Terms);

internal sealed record SynonymView(string Id, IReadOnlyList<string> Terms, DateTime UpdatedAt);

internal sealed record SynonymPage(IReadOnlyList<SynonymView> Data, string? NextCursor);

/// <param name="Searches">How often in the period.</param>
/// <param name="LastDay">UTC.</param>
internal sealed record EmptySearchView(string Query, long Searches, DateOnly LastDay);

internal sealed record EmptySearchPage(IReadOnlyList<EmptySearchView> Data, string? NextCursor);

/// <summary>What staff do about search: words that mean the same, and what people did not find.</summary>
internal static class SearchAdminEndpoints
{
    private const string SynonymPrefix = "sns";
    private const int MostSynonyms = 1_000;

    private static readonly ProblemCode TooManySynonyms = new("too_many_synonyms", 422,
        "A store keeps at most {0} groups of synonyms.", "Une boutique garde au plus {0} groupes de synonymes.");

    public static void MapSearchAdmin(this IEndpointRouteBuilder admin)
    {
        var search = admin.MapGroup("/search").WithTags("Search");
        search.MapGet("/zero-results", EmptyAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("ListEmptySearches")
            .WithSummary("What was searched and not found, most often first").Produces<EmptySearchPage>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        var synonyms = search.MapGroup("/synonyms");
        synonyms.MapGet("/", ListAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("ListSynonyms")
            .WithSummary("Groups of words that mean the same").Produces<SynonymPage>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        synonyms.MapPost("/", CreateAsync)
            .RequirePermission(Permissions.ProductsWrite).WithName("CreateSynonyms")
            .WithSummary("Add a group").Produces<SynonymView>(StatusCodes.Status201Created)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        synonyms.MapPut("/{id}", ReplaceAsync)
            .RequirePermission(Permissions.ProductsWrite).WithName("ReplaceSynonyms")
            .WithSummary("Replace a group's terms").Produces<SynonymView>()
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        synonyms.MapDelete("/{id}", DeleteAsync)
            .RequirePermission(Permissions.ProductsWrite).WithName("DeleteSynonyms").WithSummary("Remove a group")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> EmptyAsync(
        [FromQuery] string? days, [FromQuery] string? limit, [FromQuery] string? cursor, StoreDatabase database, StoreScope scope, TimeProvider clock,
        CancellationToken ct)
    {
        var errors = new FieldErrors();
        var period = Whole(days, "days", 1, 365, 30, errors);
        var count = Whole(limit, "limit", 1, 100, 24, errors);
        errors.ThrowIfAny();
        var filters = string.Create(CultureInfo.InvariantCulture, $"zero-results|{scope.StoreId}|{period}");
        long? afterSearches = null;
        string? afterQuery = null;
        if (!string.IsNullOrEmpty(cursor))
        {
            var values = ListCursor.Read(cursor, filters, 2);
            afterSearches = long.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : throw ListCursor.Invalid();
            afterQuery = values[1];
        }

        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select query, n, last_day from (
                select query, sum(searches) as n, max(day) as last_day, (array_agg(results order by day desc))[1] as results
                from catalog.search_log where day > ($1::timestamptz at time zone 'UTC')::date group by query) s
            where results = 0 and ($2::bigint is null or (-n, query) > (-$2, $3)) order by -n, query limit $4
            """,
            Sql.Time(clock.GetUtcNow().AddDays(-period)), Sql.Long(afterSearches), Sql.Text(afterQuery), Sql.Int(count + 1)));
        var found = new List<EmptySearchView>();
        while (await reader.Rows.ReadAsync(ct))
        {
            found.Add(new EmptySearchView(reader.Rows.GetString(0), reader.Rows.GetInt64(1), reader.Rows.GetFieldValue<DateOnly>(2)));
        }

        var page = found.Take(count).ToList();
        return Results.Json(
            new EmptySearchPage(page, found.Count > count
                ? ListCursor.Write(filters, page[^1].Searches.ToString(CultureInfo.InvariantCulture), page[^1].Query)
                : null),
            MallgramJson.Options);
    }

    private static async Task<IResult> ListAsync(
        [FromQuery] string? limit, [FromQuery] string? cursor, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        var errors = new FieldErrors();
        var count = Whole(limit, "limit", 1, 100, 24, errors);
        errors.ThrowIfAny();
        var filters = $"synonyms|{scope.StoreId}";
        Guid? after = string.IsNullOrEmpty(cursor) ? null
            : Guid.TryParse(ListCursor.Read(cursor, filters, 1)[0], out var id) ? id : throw ListCursor.Invalid();
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "select id, terms, updated_at from catalog.search_synonyms where $1::uuid is null or id > $1 order by id limit $2",
            Sql.Uuid(after), Sql.Int(count + 1)));
        var found = new List<(Guid Id, SynonymView View)>();
        while (await reader.Rows.ReadAsync(ct))
        {
            found.Add((reader.Rows.GetGuid(0), View(reader.Rows)));
        }

        return Results.Json(
            new SynonymPage([.. found.Take(count).Select(f => f.View)], found.Count > count ? ListCursor.Write(filters, found[count - 1].Id.ToString()) : null),
            MallgramJson.Options);
    }

    private static async Task<IResult> CreateAsync(JsonBody<SynonymBody> body, StoreDatabase database, StoreScope scope, TimeProvider clock, CancellationToken ct)
    {
        var terms = Terms(body.Value);
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            insert into catalog.search_synonyms (store_id, id, terms)
            select $1, $2, $3 where (select count(*) from catalog.search_synonyms) < $4 returning id, terms, updated_at
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(PublicId.New(clock)), Sql.Texts(terms), Sql.Int(MostSynonyms)));
        if (!await reader.Rows.ReadAsync(ct))
        {
            throw new ProblemException(TooManySynonyms, MostSynonyms);
        }

        return Results.Json(View(reader.Rows), MallgramJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> ReplaceAsync(string id, JsonBody<SynonymBody> body, StoreDatabase database, CancellationToken ct)
    {
        var terms = Terms(body.Value);
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            "update catalog.search_synonyms set terms = $2 where id = $1 returning id, terms, updated_at", Sql.Uuid(Parse(id)), Sql.Texts(terms)));
        return await reader.Rows.ReadAsync(ct)
            ? Results.Json(View(reader.Rows), MallgramJson.Options)
            : throw new ProblemException(CommonProblems.NotFound);
    }

    private static async Task<IResult> DeleteAsync(string id, StoreDatabase database, CancellationToken ct) =>
        await database.ExecuteAsync(ct, Sql.Command("delete from catalog.search_synonyms where id = $1", Sql.Uuid(Parse(id)))) == 1
            ? Results.NoContent()
            : throw new ProblemException(CommonProblems.NotFound);

    private static Guid Parse(string id) =>
        PublicId.TryParse(SynonymPrefix, id, out var parsed) ? parsed : throw new ProblemException(CommonProblems.NotFound);

    private static SynonymView View(Npgsql.NpgsqlDataReader row) =>
        new(PublicId.Format(SynonymPrefix, row.GetGuid(0)), row.GetFieldValue<string[]>(1), row.GetDateTime(2));

    private static string[] Terms(SynonymBody body)
    {
        var errors = new FieldErrors();
        var terms = (body.Terms ?? []).Select(t => PlainText.Words(PlainText.Typed(t ?? "") ?? "")).Where(t => t.Length > 0)
            .Distinct(StringComparer.Ordinal).ToArray();
        if (terms.Length is < 2 or > 20)
        {
            errors.Add("terms", "must have 2 to 20 different terms", "doit avoir 2 à 20 termes différents");
        }
        else if (Array.Exists(terms, t => t.Length > 60))
        {
            errors.Add("terms", "must have at most 60 characters each", "doivent avoir au plus 60 caractères chacun");
        }

        errors.ThrowIfAny();
        return terms;
    }

    private static int Whole(string? sent, string field, int least, int most, int otherwise, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(sent))
        {
            return otherwise;
        }

        if (int.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        errors.Add(field, $"must be a whole number from {least} to {most}", $"doit être un nombre entier de {least} à {most}");
        return otherwise;
    }
}
