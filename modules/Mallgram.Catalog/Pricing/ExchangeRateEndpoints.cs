using System.Text.Json;
using Mallgram.Kernel.Access;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Mallgram.Catalog.Pricing;

/// <param name="Rate">Units of <paramref name="Quote"/> for one unit of <paramref name="Base"/>.</param>
/// <param name="AsOf">UTC day.</param>
internal sealed record ExchangeRateView(string Base, string Quote, decimal Rate, DateOnly AsOf, DateTime FetchedAt, string Source);

/// <param name="Summary">What the run did; its <c>refused</c> are rates that were kept out and want a person's look.</param>
internal sealed record ExchangeRateFetch(string State, DateTimeOffset? FinishedAt, JsonElement? Summary, string? Error);

/// <param name="Data">The newest rate of each pair: the one in use.</param>
/// <param name="Configured">False: no provider is set, so rates stay as they are.</param>
/// <param name="LastFetch">Null: the job never ran.</param>
internal sealed record ExchangeRateList(IReadOnlyList<ExchangeRateView> Data, bool Configured, ExchangeRateFetch? LastFetch);

internal static class ExchangeRateEndpoints
{
    public static void MapExchangeRates(this IEndpointRouteBuilder admin) =>
        admin.MapGet("/exchange-rates", ListAsync).WithTags("Admin: pricing")
            .RequirePermission(Permissions.ProductsRead).WithName("AdminListExchangeRates")
            .WithSummary("Exchange rates in use with source and date, and how the last fetch went");

    private static async Task<Ok<ExchangeRateList>> ListAsync(
        StoreDatabase database, JobRuns runs, IOptions<ExchangeRateOptions> options, CancellationToken ct)
    {
        var rates = new List<ExchangeRateView>();
        await using (var reader = await database.QueryAsync(ct, Sql.Command(
            """
            select distinct on (base, quote) base, quote, rate, as_of, fetched_at, source from catalog.exchange_rates
            where as_of <= (now() at time zone 'utc')::date order by base, quote, as_of desc, fetched_at desc, source desc
            """)))
        {
            var row = reader.Rows;
            while (await row.ReadAsync(ct))
            {
                rates.Add(new ExchangeRateView(
                    row.GetString(0), row.GetString(1), row.GetDecimal(2), row.GetFieldValue<DateOnly>(3), row.GetDateTime(4), row.GetString(5)));
            }
        }

        var last = (await runs.ListAsync(FetchExchangeRates.Name, 1, ct)).FirstOrDefault();
        return TypedResults.Ok(new ExchangeRateList(
            rates,
            !string.IsNullOrWhiteSpace(options.Value.AppId),
            last is null ? null : new ExchangeRateFetch(last.State, last.FinishedAt, last.Summary, last.Error)));
    }
}
