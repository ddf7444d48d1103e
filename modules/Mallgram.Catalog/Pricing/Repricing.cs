using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Npgsql;

namespace Mallgram.Catalog.Pricing;

/// <summary>Something that prices are made from has changed: a rule, a market or a rate.</summary>
internal sealed record PricesOutdated(string Cause);

/// <summary>Asks for prices to be made again, in the transaction of the change that calls for it.</summary>
internal static class Repricing
{
    public const string PricesOutdatedType = "catalog.prices_outdated";

    /// <param name="cause"><c>rule</c> or <c>rate</c>: kept with every price that changes.</param>
    /// <param name="actor">Public id of a person.</param>
    public static IReadOnlyList<NpgsqlBatchCommand> Want(OutboxWriter outbox, Guid storeId, string cause, string actor) =>
    [
        Sql.Command(
            """
            insert into catalog.repricings as r (store_id, wanted, cause, actor) values ($1, 1, $2, $3)
            on conflict (store_id) do update set wanted = r.wanted + 1, cause = excluded.cause, actor = excluded.actor
            """,
            Sql.Uuid(storeId), Sql.Text(cause), Sql.Text(actor)),
        outbox.Add(storeId, PricesOutdatedType, new PricesOutdated(cause)),
    ];

    /// <summary>For every store; on a connection of the platform.</summary>
    public static IReadOnlyList<NpgsqlBatchCommand> WantEverywhere(OutboxWriter outbox, string cause) =>
    [
        Sql.Command(
            """
            insert into catalog.repricings as r (store_id, wanted, cause) select store_id, 1, $1 from catalog.markets where is_default
            on conflict (store_id) do update set wanted = r.wanted + 1, cause = excluded.cause, actor = null
            """,
            Sql.Text(cause)),
        outbox.Add(storeId: null, PricesOutdatedType, new PricesOutdated(cause)),
    ];
}

/// <summary>
/// Starts the job at once. A run that is under way goes on with what is wanted by the time it ends; should it miss a wish in its very last
/// moment, the job's schedule takes it up minutes later.
/// </summary>
internal sealed class RequestReprice(JobRuns runs) : IOutboxHandler
{
    public static string Type => Repricing.PricesOutdatedType;

    public static string Effect => "request_reprice";

    public Task HandleAsync(OutboxMessage message, CancellationToken ct) =>
        runs.RequestAsync(Reprice.Name, message.Read<PricesOutdated>().Cause, ct);
}
