using System.Globalization;
using System.Text.Json;

namespace Mallgram.Sandbox.MtnMomo;

/// <summary>Body of a request to pay, read strictly: a fault is a sentence for the 400 answer.</summary>
internal sealed record MomoRequestToPay(
    string Amount, string Currency, string? ExternalId, string PartyIdType, string PartyId, string? PayerMessage, string? PayeeNote)
{
    public const int LongestNote = 160;

    public static (MomoRequestToPay? Request, string? Fault) Read(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            return (null, "The body must be a JSON object.");
        }

        if (Text(body, "amount") is not { } amount || !IsAmount(amount))
        {
            return (null, "amount must be a decimal number above zero, as text.");
        }

        if (Text(body, "currency") is not { Length: 3 } currency || !currency.All(char.IsAsciiLetterUpper))
        {
            return (null, "currency must be an ISO 4217 code.");
        }

        if (!body.TryGetProperty("payer", out var payer) || payer.ValueKind != JsonValueKind.Object
            || Text(payer, "partyIdType") is not ("MSISDN" or "EMAIL" or "PARTY_CODE")
            || Text(payer, "partyId") is not { Length: > 0 } partyId)
        {
            return (null, "payer must have partyIdType (MSISDN, EMAIL, PARTY_CODE) and partyId.");
        }

        var type = Text(payer, "partyIdType")!;
        if (type == "MSISDN" && (partyId.Length is < 5 or > 15 || !partyId.All(char.IsAsciiDigit)))
        {
            return (null, "an MSISDN is the country code and number in digits only.");
        }

        foreach (var name in (ReadOnlySpan<string>)["externalId", "payerMessage", "payeeNote"])
        {
            if (body.TryGetProperty(name, out var value) && value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null))
            {
                return (null, $"{name} must be text.");
            }
        }

        var message = Text(body, "payerMessage");
        var note = Text(body, "payeeNote");
        return IsNote(message) && IsNote(note)
            ? (new MomoRequestToPay(amount, currency, Text(body, "externalId"), type, partyId, message, note), null)
            : (null, "payerMessage and payeeNote take 160 characters and no special characters.");
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool IsAmount(string text) =>
        text.Length <= 20
        && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value > 0
        && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[^1]);

    private static bool IsNote(string? note) =>
        note is null
        || (note.Length <= LongestNote && !note.Any(c => char.IsControl(c) || c is '\'' or '’' or '"' or '&' or '<' or '>' or '\\'));
}
