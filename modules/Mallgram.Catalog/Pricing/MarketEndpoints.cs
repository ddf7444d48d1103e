using Mallgram.Kernel;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Http;
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

/// <summary>A market as staff write it: all of it, what is left out gets its default.</summary>
/// <param name="Currency">ISO 4217; on <c>PUT</c> the address names it.</param>
/// <param name="Country">ISO 3166-1 alpha-2: destination whose freight, duty and taxes prices cover.</param>
/// <param name="DefaultWeightGrams">For items whose weight is unknown; 500 when left out.</param>
/// <param name="TaxPercent">Null: the sum of the country's tax rates of the day.</param>
/// <param name="CoversTax">Import tax is part of the landed cost; true when left out.</param>
/// <param name="FxBufferPercent">On foreign costs; 2 when left out.</param>
/// <param name="GatewayFeePercent">Of the price; 3 when left out.</param>
internal sealed record MarketRequest(
    string? Currency,
    string? Country,
    long? RoundingStepMinor,
    long? EndingMinor,
    long? FreightPerItemMinor,
    long? FreightPerKgMinor,
    int? DefaultWeightGrams,
    decimal? DutyPercent,
    decimal? TaxPercent,
    bool? CoversTax,
    decimal? FxBufferPercent,
    decimal? GatewayFeePercent,
    long? GatewayFeeFixedMinor)
{
    /// <exception cref="ProblemException">422 with every field that is not valid.</exception>
    public void Check(bool isNew)
    {
        var errors = new FieldErrors();
        if (isNew && !Mallgram.Kernel.Currency.TryFind(Currency, out _))
        {
            errors.Add("currency", "is not a currency that we can sell in (ISO 4217)", "n'est pas une devise dans laquelle nous vendons (ISO 4217)");
        }

        if (!Mallgram.Kernel.Country.TryFind(Country, out _))
        {
            errors.Add(
                "country", "is not a country we deliver to (ISO 3166-1 alpha-2)", "n'est pas un pays que nous livrons (ISO 3166-1 alpha-2)");
        }

        if (RoundingStepMinor is null)
        {
            errors.Add("rounding_step_minor", "is required", "est obligatoire");
        }

        Rounding.Check(errors, "", RoundingStepMinor, EndingMinor);
        AtMost(errors, "freight_per_item_minor", FreightPerItemMinor, PriceRuleRequest.LargestAmount);
        AtMost(errors, "freight_per_kg_minor", FreightPerKgMinor, PriceRuleRequest.LargestAmount);
        AtMost(errors, "default_weight_grams", DefaultWeightGrams, 1_000_000);
        Below(errors, "duty_percent", DutyPercent, 500);
        Below(errors, "tax_percent", TaxPercent, 100);
        Below(errors, "fx_buffer_percent", FxBufferPercent, 100);
        Below(errors, "gateway_fee_percent", GatewayFeePercent, 50);
        AtMost(errors, "gateway_fee_fixed_minor", GatewayFeeFixedMinor, PriceRuleRequest.LargestAmount);
        errors.ThrowIfAny();
    }

    private static void AtMost(FieldErrors errors, string field, long? value, long most)
    {
        if (value < 0 || value > most)
        {
            errors.Add(field, $"must be 0 to {most}", $"doit être de 0 à {most}");
        }
    }

    private static void Below(FieldErrors errors, string field, decimal? value, int limit)
    {
        if (value < 0 || value >= limit)
        {
            errors.Add(field, $"must be 0 or more and below {limit}", $"doit être d'au moins 0 et inférieur à {limit}");
        }
    }
}

/// <param name="TaxPercent">As set; null: the country's.</param>
/// <param name="EffectiveTaxPercent">What applies today.</param>
internal sealed record MarketView(
    string Currency,
    int Exponent,
    string Country,
    bool IsDefault,
    long RoundingStepMinor,
    long EndingMinor,
    long FreightPerItemMinor,
    long FreightPerKgMinor,
    int DefaultWeightGrams,
    decimal DutyPercent,
    decimal? TaxPercent,
    decimal EffectiveTaxPercent,
    bool CoversTax,
    decimal FxBufferPercent,
    decimal GatewayFeePercent,
    long GatewayFeeFixedMinor,
    DateTime UpdatedAt);

/// <param name="Data">The store's own market first.</param>
internal sealed record MarketList(IReadOnlyList<MarketView> Data);

/// <param name="Current">Valid today.</param>
internal sealed record TaxRateView(string Country, string Name, decimal Percent, DateOnly ValidFrom, DateOnly? ValidTo, string Source, bool Current);

internal sealed record TaxRateList(IReadOnlyList<TaxRateView> Data);

/// <summary>Markets and taxes for staff. Every change asks for all prices to be made again, in the same transaction.</summary>
internal static class MarketEndpoints
{
    private const string Select =
        """
        select m.currency, m.country, m.is_default, m.rounding_step, m.ending, m.freight_per_item, m.freight_per_kg, m.default_weight_grams,
               m.duty_percent, m.tax_percent, coalesce(m.tax_percent, (
                   select sum(t.percent) from catalog.tax_rates t
                   where t.country = m.country and t.valid_from <= day.today and (t.valid_to is null or t.valid_to >= day.today)), 0),
               m.covers_tax, m.fx_buffer_percent, m.gateway_fee_percent, m.gateway_fee_fixed, m.updated_at
        from catalog.markets m, (select (now() at time zone 'utc')::date as today) day
        """;

    public static void MapMarkets(this IEndpointRouteBuilder admin)
    {
        var markets = admin.MapGroup("/markets").WithTags("Admin: pricing");
        markets.MapGet("", ListAsync)
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListMarkets")
            .WithSummary("Currencies the store sells in, with what their prices cover");
        markets.MapPost("", AddAsync)
            .RequirePermission(Permissions.PricesWrite).WithName("AdminAddMarket")
            .WithSummary("Sell in another currency; its prices follow within seconds")
            .Produces<MarketView>(201).ProducesProblem(409).ProducesProblem(422);
        markets.MapPut("/{currency}", ReplaceAsync)
            .RequirePermission(Permissions.PricesWrite).WithName("AdminReplaceMarket")
            .WithSummary("Replace a market; prices follow within seconds")
            .ProducesProblem(404).ProducesProblem(422);
        markets.MapDelete("/{currency}", DeleteAsync).RequirePermission(Permissions.PricesWrite).WithName("AdminDeleteMarket")
            .WithSummary("Stop selling in a currency that is not the store's own").ProducesProblem(404).ProducesProblem(409);
        admin.MapGet("/tax-rates", TaxRatesAsync).WithTags("Admin: pricing")
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListTaxRates")
            .WithSummary("Tax rates by country, with the law they are from");
    }

    private static async Task<Ok<MarketList>> ListAsync(StoreDatabase database, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(Select + " order by m.is_default desc, m.currency"));
        var markets = new List<MarketView>();
        while (await reader.Rows.ReadAsync(ct))
        {
            markets.Add(Read(reader.Rows));
        }

        return TypedResults.Ok(new MarketList(markets));
    }

    private static async Task<Created<MarketView>> AddAsync(
        JsonBody<MarketRequest> body, StoreDatabase database, CurrentStore current, OutboxWriter outbox, HttpContext http, CancellationToken ct)
    {
        var request = body.Value;
        request.Check(isNew: true);
        var view = await SaveAsync(
            database,
            Sql.Command(
                """
                insert into catalog.markets (store_id, currency, country, is_default, rounding_step, ending, freight_per_item, freight_per_kg,
                    default_weight_grams, duty_percent, tax_percent, covers_tax, fx_buffer_percent, gateway_fee_percent, gateway_fee_fixed)
                values (kernel.current_store(), $1, $2, false, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                on conflict do nothing returning 1
                """,
                Parameters(request.Currency!, request)),
            request.Currency!, PricingProblems.MarketExists, current.Store.Id, outbox, http, ct);
        return TypedResults.Created("/api/v1/admin/markets/" + view.Currency, view);
    }

    private static async Task<Ok<MarketView>> ReplaceAsync(
        string currency, JsonBody<MarketRequest> body, StoreDatabase database, CurrentStore current, OutboxWriter outbox, HttpContext http,
        CancellationToken ct)
    {
        if (!Currency.TryFind(currency, out _))
        {
            throw new ProblemException(PricingProblems.MarketNotFound);
        }

        body.Value.Check(isNew: false);
        return TypedResults.Ok(await SaveAsync(
            database,
            Sql.Command(
                """
                update catalog.markets set country = $2, rounding_step = $3, ending = $4, freight_per_item = $5, freight_per_kg = $6,
                    default_weight_grams = $7, duty_percent = $8, tax_percent = $9, covers_tax = $10, fx_buffer_percent = $11,
                    gateway_fee_percent = $12, gateway_fee_fixed = $13
                where currency = $1 returning 1
                """,
                Parameters(currency, body.Value)),
            currency, PricingProblems.MarketNotFound, current.Store.Id, outbox, http, ct));
    }

    private static async Task<NoContent> DeleteAsync(
        string currency, StoreDatabase database, CurrentStore current, OutboxWriter outbox, HttpContext http, CancellationToken ct)
    {
        if (currency == current.Store.Currency.Code)
        {
            throw new ProblemException(PricingProblems.DefaultMarket);
        }

        if (!Currency.TryFind(currency, out _))
        {
            throw new ProblemException(PricingProblems.MarketNotFound);
        }

        await using var transaction = await database.BeginAsync(ct);
        var deleted = await transaction.ExecuteAsync(ct, [Sql.Command(
            "delete from catalog.markets where currency = $1 and not is_default", Sql.Text(currency))]);
        if (deleted == 0)
        {
            throw new ProblemException(PricingProblems.MarketNotFound);
        }

        await transaction.ExecuteAsync(ct, Repricing.Want(outbox, current.Store.Id, "rule", http.Actor()));
        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<TaxRateList>> TaxRatesAsync(StoreDatabase database, CancellationToken ct)
    {
        await using var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select country, name, percent, valid_from, valid_to, source,
                   valid_from <= day.today and (valid_to is null or valid_to >= day.today)
            from catalog.tax_rates, (select (now() at time zone 'utc')::date as today) day order by country, valid_from desc, name
            """));
        var rates = new List<TaxRateView>();
        var row = reader.Rows;
        while (await row.ReadAsync(ct))
        {
            rates.Add(new TaxRateView(
                row.GetString(0), row.GetString(1), row.GetDecimal(2), row.GetFieldValue<DateOnly>(3),
                row.IsDBNull(4) ? null : row.GetFieldValue<DateOnly>(4), row.GetString(5), row.GetBoolean(6)));
        }

        return TypedResults.Ok(new TaxRateList(rates));
    }

    /// <param name="write">Returns a row when it wrote.</param>
    /// <param name="otherwise">The problem when it did not.</param>
    private static async Task<MarketView> SaveAsync(
        StoreDatabase database, NpgsqlBatchCommand write, string currency, ProblemCode otherwise, Guid storeId, OutboxWriter outbox,
        HttpContext http, CancellationToken ct)
    {
        await using var transaction = await database.BeginAsync(ct);
        MarketView view;
        await using (var rows = await transaction.QueryAsync(ct, [write, Sql.Command(Select + " where m.currency = $1", Sql.Text(currency))]))
        {
            if (!await rows.ReadAsync(ct))
            {
                throw new ProblemException(otherwise);
            }

            await rows.NextResultAsync(ct);
            await rows.ReadAsync(ct);
            view = Read(rows);
        }

        await transaction.ExecuteAsync(ct, Repricing.Want(outbox, storeId, "rule", http.Actor()));
        await transaction.CommitAsync(ct);
        return view;
    }

    private static NpgsqlParameter[] Parameters(string currency, MarketRequest r) =>
    [
        Sql.Text(currency), Sql.Text(r.Country), Sql.Long(r.RoundingStepMinor), Sql.Long(r.EndingMinor ?? 0), Sql.Long(r.FreightPerItemMinor ?? 0),
        Sql.Long(r.FreightPerKgMinor ?? 0), Sql.Int(r.DefaultWeightGrams ?? 500), Sql.Decimal(r.DutyPercent ?? 0), Sql.Decimal(r.TaxPercent),
        Sql.Bool(r.CoversTax ?? true), Sql.Decimal(r.FxBufferPercent ?? 2), Sql.Decimal(r.GatewayFeePercent ?? 3),
        Sql.Long(r.GatewayFeeFixedMinor ?? 0),
    ];

    private static MarketView Read(NpgsqlDataReader row) => new(
        row.GetString(0), Currency.Of(row.GetString(0)).Exponent, row.GetString(1), row.GetBoolean(2), row.GetInt64(3), row.GetInt64(4),
        row.GetInt64(5), row.GetInt64(6), row.GetInt32(7), row.GetDecimal(8), row.IsDBNull(9) ? null : row.GetDecimal(9), row.GetDecimal(10),
        row.GetBoolean(11), row.GetDecimal(12), row.GetDecimal(13), row.GetInt64(14), row.GetDateTime(15));
}
