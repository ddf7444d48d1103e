using System.Text.RegularExpressions;
using Mallgram.Kernel;
using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;
using Mallgram.Stores.Settings;
using Npgsql;

namespace Mallgram.Stores.Lifecycle;

/// <param name="TimeZone">IANA.</param>
/// <param name="PaymentMethods">Allowed from the start.</param>
internal sealed record Preset(
    string? Currency, string? Country, string Language, string[] Languages, string? TimeZone, string[] PaymentMethods, string[] ShippingMethods);

internal sealed partial class StoreCreation(IEnumerable<IStoreSeed> seeds, TimeProvider clock) : IStoreCreation
{
    private const string DefaultPlan = "standard";

    private static readonly Dictionary<string, Preset> Presets = new(StringComparer.Ordinal)
    {
        [StorePresets.Mallgram] = new(
            "ZAR", "ZA", "en", ["en", "fr"], "Africa/Johannesburg", StoreSettings.AllPaymentMethods, ["home_delivery", "pickup_point", "bulk"]),
        [StorePresets.DakarCafe] = new(
            "XOF", "SN", "fr", ["fr", "en"], "Africa/Dakar", ["mobile_money", "card", "cash_on_delivery"], ["home_delivery", "store_pickup"]),
        [StorePresets.PickleParadise] = new(
            "INR", "IN", "en", ["en"], "Asia/Kolkata", ["card", "bank_transfer", "cash_on_delivery"], ["home_delivery", "courier"]),
        [StorePresets.Blank] = new(Currency: null, Country: null, "en", ["en"], TimeZone: null, [], []),
    };

    public NewStore Check(NewStoreRequest request)
    {
        var errors = new FieldErrors();
        var slug = request.Slug?.Trim();
        if (slug is not { Length: > 0 and <= 63 } || !Slug().IsMatch(slug))
        {
            errors.Add(
                "slug", "must be lower-case letters, digits and single hyphens, at most 63",
                "doit être fait de minuscules, chiffres et tirets simples, au plus 63");
        }

        var name = request.Name?.Trim();
        errors.Require(name, "name", 100);
        if (name?.Any(char.IsControl) == true)
        {
            errors.Add("name", "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
        }

        if (request.Preset is null || !Presets.TryGetValue(request.Preset, out var preset))
        {
            errors.Add("preset", "is one of " + string.Join(", ", StorePresets.All), "est l'un de " + string.Join(", ", StorePresets.All));
            preset = Presets[StorePresets.Blank];
        }

        if (!Currency.TryFind(request.Currency ?? preset.Currency, out var currency))
        {
            errors.Add("currency", "is not a currency that we can sell in (ISO 4217)", "n'est pas une devise dans laquelle nous vendons (ISO 4217)");
        }

        if (!Country.TryFind(request.Country ?? preset.Country, out var country))
        {
            errors.Add("country", "is not a country of a merchant (ISO 3166-1 alpha-2)", "n'est pas un pays de marchand (ISO 3166-1 alpha-2)");
        }

        if (request.Language is not (null or "en" or "fr"))
        {
            errors.Add("language", "is en or fr", "est en ou fr");
        }

        errors.ThrowIfAny();
        return new NewStore(PublicId.New(clock), slug!, name!, currency!, country!.Code, request.Language ?? preset.Language, request.Preset!);
    }

    public async Task AddAsync(StoreTransaction transaction, NewStore store, string? plan, CancellationToken ct)
    {
        var preset = Presets[store.Preset];
        try
        {
            await transaction.ExecuteAsync(
                ct,
                Sql.Command(
                    """
                    insert into stores.stores (id, slug, name, currency, country, language, email_from, preset, plan)
                    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    """,
                    Sql.Uuid(store.Id), Sql.Text(store.Slug), Sql.Text(store.Name), Sql.Text(store.Currency.Code), Sql.Text(store.Country),
                    Sql.Text(store.Language), Sql.Text(Sender(store)), Sql.Text(store.Preset), Sql.Text(plan ?? DefaultPlan)),
                Sql.Command(
                    "insert into stores.settings (store_id, languages, payment_methods, shipping_methods, time_zone) values ($1, $2, $3, $4, $5)",
                    Sql.Uuid(store.Id), Sql.Texts([.. preset.Languages.Prepend(store.Language).Distinct(StringComparer.Ordinal)]),
                    Sql.Texts(preset.PaymentMethods), Sql.Texts(preset.ShippingMethods), Sql.Text(preset.TimeZone ?? "UTC")));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new ProblemException(StoreProblems.SlugTaken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            throw NoSuchPlan();
        }

        foreach (var seed in seeds)
        {
            await seed.SeedAsync(transaction, store, ct);
        }
    }

    public static ProblemException NoSuchPlan()
    {
        var errors = new FieldErrors();
        errors.Add("plan", "is no plan of this platform", "n'est pas une offre de cette plateforme");
        return new ProblemException(CommonProblems.ValidationFailed) { Fields = errors };
    }

    /// <summary>A mailbox name in quotes may hold any printable text (RFC 5322 section 3.2.4). The platform sets a real domain later.</summary>
    private static string Sender(NewStore store) =>
        $"\"{store.Name.Replace("\\", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal)}\" <no-reply@{store.Slug}.mallgram.test>";

    [GeneratedRegex("^[a-z0-9](-?[a-z0-9])*\\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Slug();
}
