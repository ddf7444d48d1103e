using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace Mallgram.Catalog.Pricing;

/// <param name="Reason"><c>missing</c>, <c>absurd</c>, <c>jump</c> or <c>off_peg</c>.</param>
/// <param name="Before">The rate that stays in use; null when there is none.</param>
/// <param name="Offered">What the provider said; null when it was no number.</param>
internal sealed record RefusedRate(string Pair, string Reason, decimal? Before, decimal? Offered);

/// <param name="State"><c>fetched</c> or <c>not_configured</c>.</param>
/// <param name="Stored">New rows; a rate that is known for that day is none.</param>
/// <param name="Refused">Kept out; a person should look.</param>
internal sealed record ExchangeRateSummary(
    string State, string Detail, string? Source = null, DateOnly? AsOf = null, int Stored = 0, IReadOnlyList<RefusedRate>? Refused = null);

/// <summary>Fetches the day's exchange rates. Rows are only ever added: prices name the ones they were made with.</summary>
internal sealed partial class FetchExchangeRates(
    OpenExchangeRates provider,
    IOptions<ExchangeRateOptions> options,
    PlatformDataSource platform,
    OutboxWriter outbox,
    IOutboxSignal signal,
    TimeProvider clock,
    ILogger<FetchExchangeRates> logger) : IMallgramJob
{
    /// <summary>No currency is worth less than a millionth of a dollar or more than a million of them.</summary>
    private const decimal Smallest = 0.000001m;

    private const decimal Largest = 1_000_000m;

    /// <summary>Francs for one euro, fixed by treaty for XAF and XOF alike.</summary>
    private const decimal FrancsPerEuro = 655.957m;

    /// <summary>Providers round: a franc further than this share from its peg is an error of theirs.</summary>
    private const decimal PegTolerance = 0.01m;

    public static string Name => "exchange-rates";

    /// <summary>Before the sync, so that it prices with the day's rates.</summary>
    public static string DefaultCron => "0 30 1 * * ?";

    public static LocalText Description { get; } = new(
        "Fetches the day's exchange rates; prices follow.", "Va chercher les taux de change du jour ; les prix suivent.");

    /// <exception cref="ExchangeRateException">The provider gave no rates: the known ones stay in use.</exception>
    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(options.Value.AppId))
        {
            return new ExchangeRateSummary(
                "not_configured", "Catalog:ExchangeRates:AppId is not set: no rates are fetched and the known ones stay in use.");
        }

        var symbols = Currency.All.Select(c => c.Code).Where(c => c != "USD").Order(StringComparer.Ordinal).ToList();
        var fetched = await provider.FetchAsync(symbols, ct);
        var known = await NewestAsync(ct);
        var (accepted, refused) = Judge(fetched.Rates, known, options.Value.MaxChangePercent);
        foreach (var rate in refused)
        {
            LogRefused(rate.Pair, rate.Reason, rate.Before, rate.Offered);
        }

        var stored = await StoreAsync(fetched.AsOf, accepted, ct);
        return new ExchangeRateSummary(
            "fetched",
            refused.Count == 0
                ? "All rates are plausible."
                : $"{refused.Count} rates were kept out; should they be right, raise Catalog:ExchangeRates:MaxChangePercent for one run.",
            OpenExchangeRates.Source,
            fetched.AsOf,
            stored,
            refused);
    }

    /// <summary>Which rates may be used. Pure.</summary>
    /// <param name="offered">Units for one US dollar.</param>
    /// <param name="known">The newest stored ones, likewise.</param>
    internal static (Dictionary<string, decimal> Accepted, List<RefusedRate> Refused) Judge(
        IReadOnlyDictionary<string, decimal?> offered, IReadOnlyDictionary<string, decimal> known, decimal maxChangePercent)
    {
        var accepted = new Dictionary<string, decimal>(StringComparer.Ordinal);
        var refused = new List<RefusedRate>();
        // The euro first: the francs are checked against it.
        foreach (var (code, rate) in offered.OrderBy(o => o.Key != "EUR").ThenBy(o => o.Key, StringComparer.Ordinal))
        {
            decimal? before = known.TryGetValue(code, out var newest) ? newest : null;
            decimal? euro = accepted.TryGetValue("EUR", out var fresh) ? fresh : known.TryGetValue("EUR", out var old) ? old : null;
            var reason = rate switch
            {
                null => "missing",
                < Smallest or > Largest => "absurd",
                { } r when before is { } b && Math.Abs(r - b) / b * 100 > maxChangePercent => "jump",
                { } r when code is "XAF" or "XOF" && euro is { } e && Math.Abs((r / e / FrancsPerEuro) - 1) > PegTolerance => "off_peg",
                _ => null,
            };
            if (reason is null)
            {
                accepted.Add(code, rate!.Value);
            }
            else
            {
                refused.Add(new RefusedRate("USD/" + code, reason, before, rate));
            }
        }

        return (accepted, refused);
    }

    private async Task<Dictionary<string, decimal>> NewestAsync(CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            "select distinct on (quote) quote, rate from catalog.exchange_rates where base = 'USD' order by quote, as_of desc, fetched_at desc, source desc");
        await using var reader = await command.ExecuteReaderAsync(ct);
        var rates = new Dictionary<string, decimal>(StringComparer.Ordinal);
        while (await reader.ReadAsync(ct))
        {
            rates.Add(reader.GetString(0), reader.GetDecimal(1));
        }

        return rates;
    }

    /// <returns>Rows added.</returns>
    private async Task<int> StoreAsync(DateOnly asOf, Dictionary<string, decimal> rates, CancellationToken ct)
    {
        await using var connection = await platform.Source.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        int stored;
        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            batch.BatchCommands.Add(Sql.Command(
                """
                insert into catalog.exchange_rates (id, base, quote, rate, as_of, source, fetched_at)
                select n.id, 'USD', n.quote, n.rate, $4, $5, $6 from unnest($1, $2, $3) as n(id, quote, rate)
                where n.rate is distinct from (
                    select x.rate from catalog.exchange_rates x
                    where x.base = 'USD' and x.quote = n.quote::char(3) and x.as_of = $4 and x.source = $5 order by x.fetched_at desc limit 1)
                on conflict do nothing
                """,
                Sql.Uuids([.. rates.Select(_ => PublicId.New(clock))]),
                Sql.Texts([.. rates.Keys]),
                new NpgsqlParameter<decimal[]> { TypedValue = [.. rates.Values], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Numeric },
                new NpgsqlParameter<DateOnly> { TypedValue = asOf, NpgsqlDbType = NpgsqlDbType.Date },
                Sql.Text(OpenExchangeRates.Source),
                Sql.Time(clock.GetUtcNow())));
            stored = await batch.ExecuteNonQueryAsync(ct);
        }

        if (stored > 0)
        {
            await using var batch = new NpgsqlBatch(connection, transaction);
            foreach (var command in Repricing.WantEverywhere(outbox, "rate"))
            {
                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync(ct);
        }

        await transaction.CommitAsync(ct);
        if (stored > 0)
        {
            signal.Notify();
        }

        return stored;
    }

    [LoggerMessage(LogLevel.Warning, "The exchange rate {Pair} is kept out ({Reason}): {Before} is known, {Offered} was offered")]
    private partial void LogRefused(string pair, string reason, decimal? before, decimal? offered);
}
