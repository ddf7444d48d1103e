using System.Text.Json;
using System.Text.Json.Serialization;
using Mallgram.Kernel;

namespace Mallgram.Payments.Gateways.MtnMomo;

/// <summary>What goes over the wire, and what the provider's words mean here. Source: MTN MoMo API documentation, Collection 1.0.</summary>
internal static class MtnMomoWire
{
    /// <summary>Target environment by currency; where several countries share one, by the payer's calling code first.</summary>
    private static readonly (string Currency, string CallingCode, string Environment)[] Environments =
    [
        ("ZAR", "27", "mtnsouthafrica"),
        ("XAF", "237", "mtncameroon"),
        ("XAF", "242", "mtncongo"),
        ("XOF", "225", "mtnivorycoast"),
        ("XOF", "229", "mtnbenin"),
        ("GHS", "233", "mtnghana"),
        ("UGX", "256", "mtnuganda"),
        ("RWF", "250", "mtnrwanda"),
        ("ZMW", "260", "mtnzambia"),
        ("SZL", "268", "mtnswaziland"),
        ("GNF", "224", "mtnguineaconakry"),
        ("LRD", "231", "mtnliberia"),
        ("NGN", "234", "mtnnigeria"),
        ("SSP", "211", "mtnsouthsudan"),
        ("EUR", "", "sandbox"),
    ];

    public static string? TargetEnvironment(Currency currency, string? msisdn, IReadOnlyDictionary<string, string> overrides)
    {
        if (overrides.TryGetValue(currency.Code, out var configured))
        {
            return configured;
        }

        var candidates = Environments.Where(e => e.Currency == currency.Code).ToArray();
        var byNumber = candidates.FirstOrDefault(e => e.CallingCode.Length > 0 && msisdn?.StartsWith(e.CallingCode, StringComparison.Ordinal) == true);
        return byNumber.Environment ?? candidates.FirstOrDefault().Environment;
    }

    /// <summary>Reads the status resource; the same shape comes as a callback. Numbers may be text, <c>reason</c> text or an object.</summary>
    /// <exception cref="GatewayUnavailableException">No JSON object with a status: not a word to rely on.</exception>
    public static GatewayReading Read(ReadOnlySpan<byte> json)
    {
        MomoStatus? status;
        try
        {
            status = JsonSerializer.Deserialize<MomoStatus>(json);
        }
        catch (JsonException e)
        {
            throw new GatewayUnavailableException("MTN MoMo sent a status that is no JSON.", e);
        }

        var reason = Reason(status?.Reason);
        return status?.Status switch
        {
            "SUCCESSFUL" => new GatewayReading.Succeeded(Amount(status), Text(status.FinancialTransactionId) ?? ""),
            "FAILED" or "REJECTED" when reason == "EXPIRED" => new GatewayReading.Expired(reason),
            "FAILED" or "REJECTED" => new GatewayReading.Failed(DeclineCode(reason), reason),
            "TIMEOUT" => new GatewayReading.Expired("TIMEOUT"),
            null => throw new GatewayUnavailableException("MTN MoMo sent a status without a status."),
            // PENDING, CREATED, ONGOING and whatever else may come: ask again later.
            _ => new GatewayReading.Pending(),
        };
    }

    public static string DeclineCode(string reason) => reason switch
    {
        // MTN support: this is how a lack of funds usually shows.
        "NOT_ENOUGH_FUNDS" or "INTERNAL_PROCESSING_ERROR" => DeclineCodes.InsufficientFunds,
        "APPROVAL_REJECTED" or "REJECTED" => DeclineCodes.UserRejected,
        // MTN support: the payer did not approve within five minutes.
        "COULD_NOT_PERFORM_TRANSACTION" or "EXPIRED" => DeclineCodes.NotApprovedInTime,
        "PAYER_NOT_FOUND" => DeclineCodes.PayerNotFound,
        "PAYER_LIMIT_REACHED" => DeclineCodes.LimitReached,
        "NOT_ALLOWED" or "PAYEE_NOT_ALLOWED_TO_RECEIVE" => DeclineCodes.NotAllowed,
        "TRANSACTION_CANCELED" => DeclineCodes.Cancelled,
        _ => DeclineCodes.GatewayRefused,
    };

    private static Money? Amount(MomoStatus status) =>
        Currency.TryFind(status.Currency, out var currency) ? Money.TryParseMajor(Text(status.Amount), currency) : null;

    private static string Reason(JsonElement? reason) => reason switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { ValueKind: JsonValueKind.Object } detail when detail.TryGetProperty("code", out var code) && code.ValueKind == JsonValueKind.String => code.GetString()!,
        _ => "",
    };

    private static string? Text(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    private sealed record MomoStatus(
        [property: JsonPropertyName("status")] string? Status,
        [property: JsonPropertyName("amount")] JsonElement? Amount,
        [property: JsonPropertyName("currency")] string? Currency,
        [property: JsonPropertyName("financialTransactionId")] JsonElement? FinancialTransactionId,
        [property: JsonPropertyName("reason")] JsonElement? Reason);
}

/// <summary>Body of <c>POST /collection/v1_0/requesttopay</c>. Amount is major units as text.</summary>
internal sealed record MomoRequestToPay(
    [property: JsonPropertyName("amount")] string Amount,
    [property: JsonPropertyName("currency")] string Currency,
    [property: JsonPropertyName("externalId")] string ExternalId,
    [property: JsonPropertyName("payer")] MomoParty Payer,
    [property: JsonPropertyName("payerMessage")] string PayerMessage,
    [property: JsonPropertyName("payeeNote")] string PayeeNote);

internal sealed record MomoParty(
    [property: JsonPropertyName("partyIdType")] string PartyIdType,
    [property: JsonPropertyName("partyId")] string PartyId);

internal sealed record MomoToken(
    [property: JsonPropertyName("access_token")] string? AccessToken,
    [property: JsonPropertyName("expires_in")] int ExpiresIn);

internal sealed record MomoError([property: JsonPropertyName("code")] string? Code);
