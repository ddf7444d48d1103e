using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>JSON as MTN's collection API writes it (camelCase; absent members left out).</summary>
internal static class MomoWire
{
    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Body of the status answer and of the callback.</summary>
    public static byte[] Status(MomoPayment payment, string reasonShape)
    {
        object? reason = payment.Status != MomoStatus.Failed ? null
            : reasonShape == "object" ? new { code = payment.Reason, message = Words(payment.Reason) }
            : payment.Reason;
        return JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                payment.FinancialTransactionId,
                payment.ExternalId,
                Amount = Paid(payment),
                payment.Currency,
                Payer = new { payment.PartyIdType, payment.PartyId },
                payment.PayerMessage,
                payment.PayeeNote,
                Status = payment.Status.ToString().ToUpperInvariant(),
                Reason = reason,
            },
            Json);
    }

    private static string Paid(MomoPayment payment)
    {
        if (payment.Plan.PaidPercent == 100)
        {
            return payment.Amount;
        }

        var paid = decimal.Parse(payment.Amount, CultureInfo.InvariantCulture) * payment.Plan.PaidPercent / 100m;
        var decimals = payment.Amount.Contains('.', StringComparison.Ordinal) ? "0.00" : "0";
        return Math.Round(paid, decimals.Length > 1 ? 2 : 0, MidpointRounding.ToZero).ToString(decimals, CultureInfo.InvariantCulture);
    }

    private static string Words(string? code) => (code ?? "").Replace('_', ' ').ToLowerInvariant();
}
