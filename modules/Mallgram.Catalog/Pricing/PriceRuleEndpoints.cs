using Mallgram.Kernel;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Mallgram.Catalog.Pricing;

/// <param name="Id"><c>rul_…</c>.</param>
/// <param name="Currency">The store's own, which all minor units are of.</param>
internal sealed record PriceRuleView(
    string Id,
    bool IsDefault,
    string Name,
    int Priority,
    bool Active,
    string? Supplier,
    string? CategoryId,
    string? CategoryName,
    string? Channel,
    string Currency,
    long? CostFromMinor,
    long? CostToMinor,
    decimal MarkupPercent,
    long AmountAddedMinor,
    decimal? MinMarginPercent,
    long? RoundingStepMinor,
    long? EndingMinor,
    DateTime UpdatedAt);

/// <param name="Data">In the order they are tried: falling priority, the default rule last.</param>
internal sealed record PriceRuleList(IReadOnlyList<PriceRuleView> Data);

/// <summary>Price rules for staff. Every change asks for all prices to be made again, in the same transaction.</summary>
internal static class PriceRuleEndpoints
{
    /// <summary>Prefix of rules' public ids.</summary>
    public const string RuleId = "rul";

    private const int MaxRules = 200;

    private const string Select =
        """
        select r.id, r.is_default, r.name, r.priority, r.active, r.supplier, r.category_id, c.name, r.channel, r.cost_from, r.cost_to,
               r.markup_percent, r.amount_added, r.min_margin_percent, r.rounding_step, r.ending, r.updated_at
        from catalog.price_rules r left join catalog.categories c on c.store_id = r.store_id and c.id = r.category_id
        """;

    public static void MapPriceRules(this IEndpointRouteBuilder admin)
    {
        var rules = admin.MapGroup("/price-rules").WithTags("Admin: pricing");
        rules.MapGet("", ListAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListPriceRules")
            .WithSummary("Price rules in the order they are tried");
        rules.MapPost("", AddAsync)
            .RequirePermission(Permissions.PricesWrite).WithName("AdminAddPriceRule")
            .WithSummary("Add a rule; prices follow within seconds")
            .Produces<PriceRuleView>(201).ProducesProblem(409).ProducesProblem(422);
        rules.MapGet("/{id}", GetAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("AdminGetPriceRule").WithSummary("A price rule").ProducesProblem(404);
        rules.MapPut("/{id}", ReplaceAsync)
            .RequirePermission(Permissions.PricesWrite).WithName("AdminReplacePriceRule")
            .WithSummary("Replace a rule; prices follow within seconds")
            .ProducesProblem(404).ProducesProblem(422);
        rules.MapDelete("/{id}", DeleteAsync)
            .RequirePermission(Permissions.PricesWrite).WithName("AdminDeletePriceRule")
            .WithSummary("Delete a rule that is not the default one")
            .ProducesProblem(404).ProducesProblem(409);
        rules.MapPost("/preview", PreviewAsync).RequirePermission(Permissions.PricesWrite).WithName("AdminPreviewPriceRule")
            .WithSummary("What a rule that is not saved yet would do to real products").ProducesProblem(404).ProducesProblem(422);
    }

    private static async Task<Ok<PriceRuleList>> ListAsync(StoreDatabase database, CurrentStore current, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            Select + " order by r.is_default, r.priority desc, r.id"));
        var rules = new List<PriceRuleView>();
        while (await reader.Rows.ReadAsync(ct))
        {
            rules.Add(Read(reader.Rows, current.Store.Currency));
        }

        return TypedResults.Ok(new PriceRuleList(rules));
    }

    private static async Task<Ok<PriceRuleView>> GetAsync(string id, StoreDatabase database, CurrentStore current, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, OfId(Parse(id)));
        return TypedResults.Ok(await ReadOneAsync(reader.Rows, current.Store.Currency, ct));
    }

    private static async Task<Created<PriceRuleView>> AddAsync(
        JsonBody<PriceRuleRequest> body, StoreDatabase database, CurrentStore current, OutboxWriter outbox, TimeProvider clock, HttpContext http,
        CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var (_, category, count) = await ReadContextAsync(transaction, id: null, body.Value, ct);
        var rule = body.Value.ToRule(PublicId.New(clock), isDefault: false, category);
        if (count >= MaxRules)
        {
            throw new ProblemException(PricingProblems.TooManyRules, MaxRules);
        }

        var view = await SaveAsync(
            transaction,
            Sql.Command(
                """
                insert into catalog.price_rules (store_id, id, is_default, name, priority, active, supplier, category_id, channel, cost_from,
                    cost_to, markup_percent, amount_added, min_margin_percent, rounding_step, ending)
                values (kernel.current_store(), $1, false, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                """,
                Parameters(rule, body.Value)),
            rule.Id, current.Store, outbox, http, ct);
        return TypedResults.Created("/api/v1/admin/price-rules/" + view.Id, view);
    }

    private static async Task<Ok<PriceRuleView>> ReplaceAsync(
        string id, JsonBody<PriceRuleRequest> body, StoreDatabase database, CurrentStore current, OutboxWriter outbox, HttpContext http,
        CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var (isDefault, category, _) = await ReadContextAsync(transaction, Parse(id), body.Value, ct);
        var rule = body.Value.ToRule(Parse(id), isDefault, category);
        return TypedResults.Ok(await SaveAsync(
            transaction,
            Sql.Command(
                """
                update catalog.price_rules set name = $2, priority = $3, active = $4, supplier = $5, category_id = $6, channel = $7, cost_from = $8,
                    cost_to = $9, markup_percent = $10, amount_added = $11, min_margin_percent = $12, rounding_step = $13, ending = $14
                where id = $1
                """,
                Parameters(rule, body.Value)),
            rule.Id, current.Store, outbox, http, ct));
    }

    private static async Task<NoContent> DeleteAsync(
        string id, StoreDatabase database, CurrentStore current, OutboxWriter outbox, HttpContext http, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        var (isDefault, _, _) = await ReadContextAsync(transaction, Parse(id), body: null, ct);
        if (isDefault)
        {
            throw new ProblemException(PricingProblems.DefaultRule);
        }

        await transaction.ExecuteAsync(ct, [
            Sql.Command("delete from catalog.price_rules where id = $1", Sql.Uuid(Parse(id))),
            .. Repricing.Want(outbox, current.Store.Id, "rule", http.Actor()),
        ]);
        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<RulePreview>> PreviewAsync(JsonBody<RulePreviewRequest> body, RulePreviews previews, CancellationToken ct) =>
        TypedResults.Ok(await previews.PreviewAsync(body.Value, ct));

    /// <summary>What a rule is checked against.</summary>
    /// <param name="id">Null: a new one.</param>
    /// <returns>The ids of the named category and those below it, none when there is no such category; rules the store has.</returns>
    /// <exception cref="ProblemException">404 when the rule does not exist.</exception>
    public static async Task<(bool IsDefault, IReadOnlySet<Guid>? Category, long Count)> ReadContextAsync(
        StoreTransaction transaction, Guid? id, PriceRuleRequest? body, CancellationToken ct)
    {
        await using var rows = await transaction.QueryAsync(ct, [
            Sql.Command("select is_default, id is not distinct from $1 from catalog.price_rules", Sql.Uuid(id)),
            Sql.Command("select descendant_id from catalog.category_closure where ancestor_id = $1", Sql.Uuid(body?.Category)),
        ]);
        bool? isDefault = id is null ? false : null;
        var count = 0L;
        while (await rows.ReadAsync(ct))
        {
            count++;
            isDefault = rows.GetBoolean(1) ? rows.GetBoolean(0) : isDefault;
        }

        await rows.NextResultAsync(ct);
        var category = new HashSet<Guid>();
        while (await rows.ReadAsync(ct))
        {
            category.Add(rows.GetGuid(0));
        }

        return (isDefault ?? throw new ProblemException(PricingProblems.RuleNotFound), category, count);
    }

    private static async Task<PriceRuleView> SaveAsync(
        StoreTransaction transaction, NpgsqlBatchCommand write, Guid id, Store store, OutboxWriter outbox, HttpContext http, CancellationToken ct)
    {
        PriceRuleView view;
        await using (var rows = await transaction.QueryAsync(ct, [write, OfId(id), .. Repricing.Want(outbox, store.Id, "rule", http.Actor())]))
        {
            view = await ReadOneAsync(rows, store.Currency, ct);
            while (await rows.NextResultAsync(ct))
            {
                // Errors of later statements surface only when their results are reached.
            }
        }

        await transaction.CommitAsync(ct);
        return view;
    }

    private static NpgsqlParameter[] Parameters(PricingRule rule, PriceRuleRequest request) =>
    [
        Sql.Uuid(rule.Id), Sql.Text(request.Name!.Trim()), Sql.Int(rule.Priority), Sql.Bool(request.Active ?? true), Sql.Text(rule.Supplier),
        Sql.Uuid(request.Category), Sql.Text(rule.Channel), Sql.Long(rule.CostFrom), Sql.Long(rule.CostTo), Sql.Decimal(rule.MarkupPercent),
        Sql.Long(rule.AmountAdded), Sql.Decimal(rule.MinMarginPercent), Sql.Long(rule.RoundingStep), Sql.Long(rule.Ending),
    ];

    private static NpgsqlBatchCommand OfId(Guid id) => Sql.Command(Select + " where r.id = $1", Sql.Uuid(id));

    private static async Task<PriceRuleView> ReadOneAsync(NpgsqlDataReader row, Currency currency, CancellationToken ct) =>
        await row.ReadAsync(ct) ? Read(row, currency) : throw new ProblemException(PricingProblems.RuleNotFound);

    private static PriceRuleView Read(NpgsqlDataReader row, Currency currency) => new(
        PublicId.Format(RuleId, row.GetGuid(0)), row.GetBoolean(1), row.GetString(2), row.GetInt32(3), row.GetBoolean(4),
        row.IsDBNull(5) ? null : row.GetString(5), row.IsDBNull(6) ? null : PublicId.Format(PublicId.Category, row.GetGuid(6)),
        row.IsDBNull(7) ? null : row.GetString(7), row.IsDBNull(8) ? null : row.GetString(8), currency.Code,
        row.IsDBNull(9) ? null : row.GetInt64(9), row.IsDBNull(10) ? null : row.GetInt64(10), row.GetDecimal(11), row.GetInt64(12),
        row.IsDBNull(13) ? null : row.GetDecimal(13), row.IsDBNull(14) ? null : row.GetInt64(14), row.IsDBNull(15) ? null : row.GetInt64(15),
        row.GetDateTime(16));

    private static Guid Parse(string id) =>
        PublicId.TryParse(RuleId, id, out var rule) ? rule : throw new ProblemException(PricingProblems.RuleNotFound);

    /// <summary>Public id of the signed-in person: the subject of the access token.</summary>
    internal static string Actor(this HttpContext http) => http.User.FindFirst("sub")?.Value ?? "staff";
}
