using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mallgram.Kernel.Http;

namespace Mallgram.Kernel.Outbox;

/// <summary>One recorded event on its way to its handlers.</summary>
/// <param name="Id">The event's id; with the handler's effect name it is the key that deduplicates effects.</param>
/// <param name="Attempts">How often delivery was tried, this time included.</param>
public sealed record OutboxMessage(Guid Id, Guid? StoreId, string Type, string Payload, DateTimeOffset OccurredAt, int Attempts)
{
    public T Read<T>() =>
        JsonSerializer.Deserialize(Payload, (JsonTypeInfo<T>)MallgramJson.Options.GetTypeInfo(typeof(T)))
        ?? throw new JsonException($"Event {Id} of type {Type} has an empty payload.");
}

/// <summary>
/// One side effect of one event type. Runs at least once and, after success, never again for the same event; the store's scope is set.
/// Throwing retries later with back-off. It must end when <c>ct</c> is cancelled: the lease on the event ends soon after.
/// </summary>
public interface IOutboxHandler
{
    /// <summary>Type of the events to receive.</summary>
    static abstract string Type { get; }

    /// <summary>Name of the effect, stored; never rename.</summary>
    static abstract string Effect { get; }

    Task HandleAsync(OutboxMessage message, CancellationToken ct);
}

/// <summary>Wakes dispatchers after a commit. Only a hint: without it they look once a second.</summary>
public interface IOutboxSignal
{
    void Notify();

    /// <summary>Returns on a hint or after <paramref name="atMost"/>, whichever is first.</summary>
    Task WaitAsync(TimeSpan atMost, CancellationToken ct);
}

/// <summary>The hint inside one process, used alone when there is no Redis.</summary>
public sealed class LocalOutboxSignal : IOutboxSignal, IDisposable
{
    private readonly SemaphoreSlim _hint = new(0, 1);

    public void Notify()
    {
        try
        {
            _hint.Release();
        }
        catch (SemaphoreFullException)
        {
            // A hint is waiting already; one is enough.
        }
    }

    public async Task WaitAsync(TimeSpan atMost, CancellationToken ct) => await _hint.WaitAsync(atMost, ct);

    public void Dispose() => _hint.Dispose();
}
