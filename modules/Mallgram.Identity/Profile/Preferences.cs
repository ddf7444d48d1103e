using System.Security.Claims;
using Mallgram.Identity.Contracts;
using Mallgram.Kernel;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Kernel.Tenancy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Mallgram.Identity.Profile;

/// <param name="Language"><c>en</c> or <c>fr</c>.</param>
/// <param name="Currency">ISO 4217; null: the store's.</param>
/// <param name="Channels">How to be told of orders, best first: of <c>email</c>, <c>sms</c>, <c>whatsapp</c>, <c>push</c>.</param>
/// <param name="DeliveryTime"><c>morning</c>, <c>afternoon</c>, <c>evening</c>, <c>weekend</c>; null: any.</param>
/// <param name="Marketing">Whether offers may be sent; false unless asked for.</param>
internal sealed record Preferences(
    string? Language, string? Currency, IReadOnlyList<string?>? Channels, string? DeliveryTime, bool Marketing);

internal static class PreferenceEndpoints
{
    private static readonly string[] AllChannels = ["email", "sms", "whatsapp", "push"];
    private static readonly string[] Times = ["morning", "afternoon", "evening", "weekend"];

    public static void Map(RouteGroupBuilder me)
    {
        me.MapGet("/preferences", GetAsync).WithName("GetPreferences").WithSummary("How the signed-in person wants to be served");
        me.MapPut("/preferences", PutAsync).WithName("PutPreferences").WithSummary("Replace the preferences").ProducesProblem(422);
    }

    private static Task<Ok<Preferences>> GetAsync(ClaimsPrincipal user, StoreDatabase database, StoreScope scope, CancellationToken ct) =>
        ReadAsync(user.UserId(), database, scope, ct);

    private static async Task<Ok<Preferences>> PutAsync(
        JsonBody<Preferences> body, ClaimsPrincipal user, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        var wanted = body.Value;
        var errors = new FieldErrors();
        if (wanted.Language is not ("en" or "fr"))
        {
            errors.Add("language", "is one of en, fr", "est l'un de en, fr");
        }

        if (wanted.Currency is not null && !Currency.TryFind(wanted.Currency, out _))
        {
            errors.Add("currency", "is no currency in use here", "n'est pas une devise utilisée ici");
        }

        var channels = wanted.Channels ?? [];
        if (channels.Count > AllChannels.Length || channels.Distinct().Count() != channels.Count || !channels.All(AllChannels.Contains))
        {
            errors.Add("channels", "are some of " + string.Join(", ", AllChannels), "sont parmi " + string.Join(", ", AllChannels));
        }

        if (wanted.DeliveryTime is not null && !Times.Contains(wanted.DeliveryTime))
        {
            errors.Add("delivery_time", "is one of " + string.Join(", ", Times), "est l'un de " + string.Join(", ", Times));
        }

        errors.ThrowIfAny();
        await database.ExecuteAsync(ct, Sql.Command(
            """
            update identity.users set language = $3, currency = $4, channels = $5, delivery_time = $6, marketing = $7
            where store_id = $1 and id = $2 and status = 'active'
            """,
            Sql.Uuid(scope.StoreId), Sql.Uuid(user.UserId()), Sql.Text(wanted.Language), Sql.Text(wanted.Currency), Sql.Texts([.. channels!]),
            Sql.Text(wanted.DeliveryTime), Sql.Bool(wanted.Marketing)));
        return await ReadAsync(user.UserId(), database, scope, ct);
    }

    private static async Task<Ok<Preferences>> ReadAsync(Guid userId, StoreDatabase database, StoreScope scope, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(
            "select language, currency, channels, delivery_time, marketing from identity.users where store_id = $1 and id = $2 and status = 'active'",
            Sql.Uuid(scope.StoreId), Sql.Uuid(userId)));
        var row = answer.Rows;
        return await row.ReadAsync(ct)
            ? TypedResults.Ok(new Preferences(
                row.GetString(0), row.TextOrNull(1), row.GetFieldValue<string[]>(2), row.TextOrNull(3), row.GetBoolean(4)))
            : throw new ProblemException(CommonProblems.Unauthenticated);
    }
}
