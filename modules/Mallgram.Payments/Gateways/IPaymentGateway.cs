using Mallgram.Kernel;

namespace Mallgram.Payments.Gateways;

/// <summary>
/// One payment provider. Stateless: it never sees the database. Unknown words and unreadable answers mean pending; only an explicit
/// word settles or fails a payment.
/// </summary>
internal interface IPaymentGateway
{
    /// <summary>Name in the contract and on payments; never rename.</summary>
    string Code { get; }

    /// <summary>Methods of the contract it offers: <c>mobile_money</c>, <c>card</c>…</summary>
    IReadOnlyCollection<string> Methods { get; }

    bool Supports(string method, Currency currency, string country);

    /// <summary>Asks the provider to collect. Safe to repeat with the same reference.</summary>
    /// <exception cref="GatewayUnavailableException">Nobody knows whether the provider took it: read it again later, with the same reference.</exception>
    Task<GatewayStart> StartAsync(GatewayCharge charge, CancellationToken ct);

    /// <summary>Asks the provider how the payment stands: the only word that settles it.</summary>
    /// <exception cref="GatewayUnavailableException">No usable answer now.</exception>
    Task<GatewayReading> ReadAsync(GatewayCharge charge, CancellationToken ct);
}

/// <summary>A payment as its gateway sees it.</summary>
/// <param name="Reference">Ours; the provider's idempotency key.</param>
/// <param name="Description">Shown to the payer: ASCII letters, digits, spaces, hyphens.</param>
/// <param name="PayerPhone">MSISDN, digits only; null where the method needs none.</param>
/// <param name="Country">ISO alpha-2 of the buyer.</param>
/// <param name="CallbackAddress">Where the provider reports, with its secret.</param>
internal sealed record GatewayCharge(
    Guid Reference, Money Amount, string Description, string? PayerPhone, string Country, Uri CallbackAddress);

internal abstract record GatewayStart
{
    /// <summary>The buyer approves on the phone.</summary>
    public sealed record ApproveOnPhone(LocalText Message) : GatewayStart;

    /// <summary>The provider refused, and surely nothing was taken.</summary>
    /// <param name="ProviderWord">The provider's own code, for the event.</param>
    public sealed record Refused(string DeclineCode, string ProviderWord) : GatewayStart;
}

internal abstract record GatewayReading
{
    public sealed record Pending : GatewayReading;

    /// <param name="Amount">What the provider says was paid; null when it named a currency unknown here.</param>
    public sealed record Succeeded(Money? Amount, string TransactionId) : GatewayReading;

    public sealed record Failed(string DeclineCode, string ProviderWord) : GatewayReading;

    public sealed record Expired(string ProviderWord) : GatewayReading;

    /// <summary>The provider never heard of the reference.</summary>
    public sealed record Unknown : GatewayReading;
}

/// <summary>The provider did not answer, or not so that one could rely on it.</summary>
internal sealed class GatewayUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
