using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mallgram.Kernel;

/// <summary><c>{ "amount": 129900, "currency": "ZAR", "formatted": "R 1 299,00" }</c>; <c>formatted</c> is ignored on the way in.</summary>
public sealed class MoneyJsonConverter : JsonConverter<Money>
{
    public override Money Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("Money is an object with amount (integer minor units) and currency.");
        }

        long? amount = null;
        Currency? currency = null;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString();
            reader.Read();
            switch (name)
            {
                case "amount" when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var minor):
                    amount = minor;
                    break;
                case "amount":
                    throw new JsonException("amount is an integer of minor units.");
                case "currency" when reader.TokenType == JsonTokenType.String && Currency.TryFind(reader.GetString(), out var known):
                    currency = known;
                    break;
                case "currency":
                    throw new JsonException("currency is an ISO 4217 code; FCFA is two currencies, say XAF or XOF.");
                default:
                    // Skip refuses to work on a stream, where the serializer has read this object whole before it called.
                    _ = reader.TrySkip();
                    break;
            }
        }

        return amount is { } value && currency is not null
            ? new Money(value, currency)
            : throw new JsonException("Money needs amount and currency.");
    }

    public override void Write(Utf8JsonWriter writer, Money value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteNumber("amount"u8, value.Amount);
        writer.WriteString("currency"u8, value.Currency.Code);
        writer.WriteString("formatted"u8, value.ToString());
        writer.WriteEndObject();
    }
}
