using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>
/// Decides payments when their time has come and sends the one callback each gets. Works off the ledger, so what a killed process left
/// open goes on at the next start.
/// </summary>
internal sealed partial class MomoCallbacks(
    MomoLedger ledger, MomoFaults faults, Counters counters, TimeProvider clock, ILogger<MomoCallbacks> logger) : BackgroundService
{
    private const int MostAtOnce = 16;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        ConnectCallback = PrivateNetwork.ConnectAsync,
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
    })
    {
        Timeout = TimeSpan.FromSeconds(10),
    };

    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private readonly ConcurrentDictionary<string, bool> _forged = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _inHand = new(StringComparer.Ordinal);
    private MomoPayment? _held;

    public override void Dispose()
    {
        _http.Dispose();
        _places.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var payment in ledger.Open().OrderBy(p => p.CreatedAt))
            {
                Advance(payment, stoppingToken);
            }
        }
    }

    private void Advance(MomoPayment payment, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var plan = payment.Plan;
        if (payment.Status == MomoStatus.Pending)
        {
            if (plan.Forge is { } how && payment.CallbackUrl is not null && _forged.TryAdd(payment.ReferenceId, value: true))
            {
                _ = ForgeAsync(payment, how, ct);
            }

            if (plan.Outcome == MomoStatus.Pending || now < payment.CreatedAt.AddMilliseconds(plan.DecisionDelayMs)
                || ledger.Decide(payment.ReferenceId, plan.Outcome, plan.Reason) is not { } decided)
            {
                return;
            }

            payment = decided;
        }

        if (payment.CallbackUrl is null || now < payment.DecidedAt!.Value.AddMilliseconds(plan.CallbackDelayMs))
        {
            return;
        }

        if (!_inHand.TryAdd(payment.ReferenceId, value: true))
        {
            return;
        }

        if (plan.HoldForNext && _held is null)
        {
            _held = payment;
            return;
        }

        _ = _held is null ? SendInOrderAsync([payment], ct) : SendInOrderAsync([payment, _held], ct);
        _held = null;
    }

    /// <summary>What waits here for its turn when the process ends has not been started: the next start sends it.</summary>
    private async Task SendInOrderAsync(MomoPayment[] payments, CancellationToken ct)
    {
        await _places.WaitAsync(ct);
        try
        {
            foreach (var payment in payments)
            {
                if (ledger.StartCallback(payment.ReferenceId))
                {
                    await SendCopiesAsync(payment, ct);
                }

                _inHand.TryRemove(payment.ReferenceId, out _);
            }
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task SendCopiesAsync(MomoPayment payment, CancellationToken ct)
    {
        if (payment.Plan.CallbackCopies == 0)
        {
            counters.Add("mtn_momo.callbacks_dropped");
        }

        for (var copy = 0; copy < payment.Plan.CallbackCopies; copy++)
        {
            await SendAsync(payment, payment.CallbackUrl!, "mtn_momo.callbacks_sent", ct);
        }
    }

    /// <summary>A callback that claims success: to a wrong address, about another reference, or too early.</summary>
    private Task ForgeAsync(MomoPayment payment, string how, CancellationToken ct)
    {
        var wrong = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var url = payment.CallbackUrl!;
        var claim = payment with { Status = MomoStatus.Successful, FinancialTransactionId = "999999999" };
        if (how == "url")
        {
            var last = url.LastIndexOf('/');
            url = last > "http://".Length ? url[..(last + 1)] + wrong : url + "/" + wrong;
        }
        else if (how == "reference")
        {
            claim = claim with { ExternalId = wrong };
        }

        return SendAsync(claim, url, "mtn_momo.callbacks_forged", ct);
    }

    private async Task SendAsync(MomoPayment payment, string url, string counter, CancellationToken ct)
    {
        try
        {
            using var content = new ByteArrayContent(MomoWire.Status(payment, faults.ReasonShape));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var request = new HttpRequestMessage(new HttpMethod(faults.CallbackMethod), url) { Content = content };
            counters.Add(counter);
            using var answer = await _http.SendAsync(request, ct);
            LogSent(payment.ReferenceId, (int)answer.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // The real service does not repeat a callback either.
            counters.Add("mtn_momo.callbacks_failed");
            LogFailed(payment.ReferenceId, e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "Callback of {ReferenceId} was answered {Status}")]
    private partial void LogSent(string referenceId, int status);

    [LoggerMessage(LogLevel.Warning, "Callback of {ReferenceId} did not arrive: {Reason}")]
    private partial void LogFailed(string referenceId, string reason);
}
