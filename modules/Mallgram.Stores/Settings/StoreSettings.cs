using System.Text.Json;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Stores.Contracts;
using Npgsql;

namespace Mallgram.Stores.Settings;

/// <param name="Day">1 Monday to 7 Sunday.</param>
/// <param name="Opens">HH:mm in the store's time zone.</param>
/// <param name="Closes">HH:mm, later the same day.</param>
internal sealed record OpeningHours(int Day, string? Opens, string? Closes);

/// <summary>Where customers reach people.</summary>
/// <param name="Phone">E.164.</param>
/// <param name="Whatsapp">E.164.</param>
internal sealed record StoreContact(string? Email, string? Phone, string? Whatsapp, string? Address);

/// <summary>A text in both languages; at least one of them.</summary>
internal sealed record PolicyText(string? En, string? Fr);

/// <summary>What staff decided about their store. A row of <c>stores.settings</c>.</summary>
internal sealed record StoreSettings(
    IReadOnlyList<string> Languages,
    string TaxDisplay,
    IReadOnlyList<string> PaymentMethods,
    IReadOnlyList<string> ShippingMethods,
    string TimeZone,
    IReadOnlyList<OpeningHours> OpeningHours,
    StoreContact Contact,
    IReadOnlyDictionary<string, PolicyText> Policies,
    string? FrontEnd)
{
    public const string Select =
        """
        select languages, tax_display, payment_methods, shipping_methods, time_zone, opening_hours::text, contact::text, policies::text, front_end
        from stores.settings where store_id = $1
        """;

    public static readonly string[] AllPaymentMethods = ["mobile_money", "card", "bank_transfer", "cash_on_delivery"];
    public static readonly string[] AllShippingMethods = ["home_delivery", "pickup_point", "store_pickup", "courier", "bulk"];
    public static readonly string[] PolicyKinds = ["terms", "privacy", "returns", "shipping"];

    /// <summary>Of a store that has no row: everything the platform offers.</summary>
    public static StoreSettings Of(Store store) => new(
        [store.Language], "inclusive", AllPaymentMethods, AllShippingMethods, "UTC", [], new StoreContact(Email: null, Phone: null, Whatsapp: null, Address: null),
        new Dictionary<string, PolicyText>(), store.Look.FrontEnd);

    public static StoreSettings Read(NpgsqlDataReader row) => new(
        row.GetFieldValue<string[]>(0),
        row.GetString(1),
        row.GetFieldValue<string[]>(2),
        row.GetFieldValue<string[]>(3),
        row.GetString(4),
        JsonSerializer.Deserialize<OpeningHours[]>(row.GetString(5), MallgramJson.Options)!,
        JsonSerializer.Deserialize<StoreContact>(row.GetString(6), MallgramJson.Options)!,
        JsonSerializer.Deserialize<Dictionary<string, PolicyText>>(row.GetString(7), MallgramJson.Options)!,
        row.IsDBNull(8) ? null : row.GetString(8));

    public static async Task<StoreSettings> ReadAsync(StoreDatabase database, Store store, CancellationToken ct)
    {
        await using var answer = await database.QueryAsync(ct, Sql.Command(Select, Sql.Uuid(store.Id)));
        return await answer.Rows.ReadAsync(ct) ? Read(answer.Rows) : Of(store);
    }
}
