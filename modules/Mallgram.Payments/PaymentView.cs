using System.Text.Json;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Payments.Gateways;

namespace Mallgram.Payments;

/// <summary>A payment as the public contract shows it. Holds nothing personal: the id alone is enough to ask for it.</summary>
/// <param name="NextAction">What the buyer has to do, or null.</param>
/// <param name="DeclineCode">Why it failed, or null.</param>
internal sealed record PaymentView(
    string Id,
    string OrderId,
    string Gateway,
    string Method,
    string Status,
    Money Amount,
    JsonElement? NextAction,
    string? DeclineCode,
    string? Message,
    DateTimeOffset ExpiresAt,
    DateTimeOffset CreatedAt)
{
    public static PaymentView Of(Payment payment, string language) => new(
        PublicId.Format(PublicId.Payment, payment.Id),
        PublicId.Format(PublicId.Order, payment.OrderId),
        payment.Gateway,
        payment.Method,
        payment.Status,
        payment.Total,
        payment is { Status: "requires_action", NextAction: { } action } ? JsonElement.Parse(action) : null,
        payment.DeclineCode,
        payment.DeclineCode is { } code ? DeclineCodes.AdviceFor(code).In(language) : null,
        payment.ExpiresAt,
        payment.CreatedAt);
}

internal sealed record NextAction(string Type, string? Message);
