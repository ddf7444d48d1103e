using Mallgram.Kernel;
using Mallgram.Kernel.Jobs;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Mallgram.Payments.Gateways;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Mallgram.Payments.Jobs;

/// <summary>Asks gateways about payments whose notice never came. Safe to run twice: each payment is settled in its own transaction.</summary>
internal sealed partial class SettlePendingPayments(
    PlatformDataSource platform, IServiceScopeFactory scopes, TimeProvider clock, ILogger<SettlePendingPayments> logger) : IMallgramJob
{
    private const int BatchSize = 200;
    private const int Concurrency = 4;

    public static string Name => "settle-pending-payments";

    public static string DefaultCron => "0/5 * * * * ?";

    public static LocalText Description => new(
        "Asks gateways about payments that wait for an answer", "Interroge les passerelles sur les paiements en attente");

    public async Task<object?> RunAsync(JobRun run, CancellationToken ct)
    {
        var due = await FindDueAsync(ct);
        if (due.Count == 0)
        {
            return null;
        }

        var unanswered = 0;
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = ct }, async (payment, token) =>
        {
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<StoreScope>().Set(payment.StoreId);
            try
            {
                await scope.ServiceProvider.GetRequiredService<SettlePayment>().SettleAsync(payment.Id, "poll", token);
            }
            catch (GatewayUnavailableException e)
            {
                // The others still get their turn; this one is planned again.
                Interlocked.Increment(ref unanswered);
                LogUnread(payment.Id, e.Message);
            }
        });
        return new { asked = due.Count, unanswered };
    }

    private async Task<List<(Guid StoreId, Guid Id)>> FindDueAsync(CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand(
            "select store_id, id from payments.intents where next_poll_at <= $1 order by next_poll_at limit $2");
        command.Parameters.Add(Sql.Time(clock.GetUtcNow()));
        command.Parameters.Add(Sql.Int(BatchSize));
        await using var reader = await command.ExecuteReaderAsync(ct);
        var due = new List<(Guid, Guid)>();
        while (await reader.ReadAsync(ct))
        {
            due.Add((reader.GetGuid(0), reader.GetGuid(1)));
        }

        return due;
    }

    [LoggerMessage(LogLevel.Warning, "Payment {PaymentId} could not be read from its gateway: {Reason}")]
    private partial void LogUnread(Guid paymentId, string reason);
}
