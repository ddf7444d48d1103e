using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Inbox;
using Mallgram.Kernel.Outbox;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Payments.Gateways;
using Microsoft.AspNetCore.Http;

namespace Mallgram.Payments;

/// <summary>
/// Takes what gateways send: stored raw, answered at once, acted on from the outbox by asking the gateway. For gateways without a
/// signature the proof is the secret in the callback address; what the body says is never believed.
/// </summary>
internal sealed class ReceiveNotice(PlatformDataSource platform, InboxWriter inbox, IEnumerable<IPaymentGateway> gateways)
{
    private const int LargestBody = 64 * 1024;

    /// <exception cref="ProblemException">404 unknown gateway or payment, 401 no proof, 400 no JSON object, 413 too large.</exception>
    public async Task<IResult> ReceiveAsync(HttpRequest request, string gateway, string? payment, string? token, CancellationToken ct)
    {
        if (gateways.All(g => g.Code != gateway))
        {
            throw new ProblemException(PaymentProblems.GatewayUnknown);
        }

        var body = await RawBody.ReadAsync(request, LargestBody);
        RequireJsonObject(body);
        if (payment is null || token is null)
        {
            throw new ProblemException(PaymentProblems.SignatureInvalid);
        }

        if (!PublicId.TryParse(PublicId.Payment, payment, out var paymentId) || await FindAsync(gateway, paymentId, ct) is not var (storeId, expected))
        {
            throw new ProblemException(PaymentProblems.PaymentNotFound);
        }

        var genuine = CryptographicOperations.FixedTimeEquals(Decode(token), expected);
        await inbox.StoreAsync(
            new InboundMessage(
                storeId, gateway, $"{payment}:{Convert.ToHexStringLower(SHA256.HashData(body))}",
                JsonSerializer.Serialize(new { method = request.Method, content_type = request.ContentType }), body, genuine),
            ProcessNotice.Type,
            inboxId => new NoticeReceived(paymentId, inboxId),
            ct);
        return genuine ? Results.Ok() : throw new ProblemException(PaymentProblems.SignatureInvalid);
    }

    private static byte[] Decode(string token)
    {
        var bytes = new byte[64];
        return Base64Url.IsValid(token, out var length) && length <= bytes.Length ? bytes[..Base64Url.DecodeFromChars(token, bytes)] : [];
    }

    private static void RequireJsonObject(byte[] body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            if (JsonElement.ParseValue(ref reader).ValueKind == JsonValueKind.Object)
            {
                return;
            }
        }
        catch (JsonException)
        {
            // Answered below like any other body that is no object.
        }

        throw new ProblemException(CommonProblems.MalformedJson, "$");
    }

    private async Task<(Guid StoreId, byte[] Token)?> FindAsync(string gateway, Guid paymentId, CancellationToken ct)
    {
        await using var command = platform.Source.CreateCommand("select store_id, callback_token from payments.intents where id = $1 and gateway = $2");
        command.Parameters.Add(Sql.Uuid(paymentId));
        command.Parameters.Add(Sql.Text(gateway));
        await using var reader = await command.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct) ? (reader.GetGuid(0), reader.GetFieldValue<byte[]>(1)) : null;
    }
}

internal sealed record NoticeReceived(Guid PaymentId, Guid InboxId);

/// <summary>Acts on a stored notice: asks the gateway, as everything does.</summary>
internal sealed class ProcessNotice(SettlePayment settle) : IOutboxHandler
{
    public static string Type => "payments.notice_received";

    public static string Effect => "settle";

    public Task HandleAsync(OutboxMessage message, CancellationToken ct) =>
        settle.SettleAsync(message.Read<NoticeReceived>().PaymentId, "webhook", ct);
}
