using System.Globalization;
using System.Net.Mail;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Problems;
using Mallgram.Stores.Contracts;

namespace Mallgram.Stores.Settings;

/// <summary>What to change; what is left out stays. Currencies and countries are the store's markets and are changed there.</summary>
/// <param name="Language">For people whose own is not known: en or fr.</param>
/// <param name="Languages">In which the store has texts.</param>
/// <param name="TaxDisplay">inclusive or exclusive: how prices are shown.</param>
/// <param name="PaymentMethods">Allowed ones; an empty list takes no payments.</param>
/// <param name="TimeZone">IANA; of the opening hours.</param>
/// <param name="OpeningHours">All of the week; several a day are fine.</param>
/// <param name="Policies">By kind: terms, privacy, returns, shipping. Kinds left out stay.</param>
/// <param name="FrontEnd">https address of the storefront, for links in mails; empty: none.</param>
internal sealed record SettingsChange(
    string? Name,
    string? Language,
    string[]? Languages,
    string? TaxDisplay,
    string[]? PaymentMethods,
    string[]? ShippingMethods,
    string? TimeZone,
    OpeningHours[]? OpeningHours,
    StoreContact? Contact,
    Dictionary<string, PolicyText>? Policies,
    string? FrontEnd)
{
    private const int MaxPolicyLength = 20_000;
    private static readonly string[] BothLanguages = ["en", "fr"];
    private static readonly string[] TaxDisplays = ["inclusive", "exclusive"];

    /// <exception cref="ProblemException">422.</exception>
    public async Task ApplyAsync(StoreDatabase database, Store store, CancellationToken ct)
    {
        Check();
        await database.ExecuteAsync(
            ct,
            Sql.Command(
                "update stores.stores set name = coalesce($2, name), language = coalesce($3, language) where id = $1 and ($2 is not null or $3 is not null)",
                Sql.Uuid(store.Id), Sql.Text(Name?.Trim()), Sql.Text(Language)),
            // A store without a row starts from what it had by default.
            Sql.Command(
                """
                insert into stores.settings (store_id, languages, payment_methods, shipping_methods, time_zone) values ($1, $2, $3, $4, 'UTC')
                on conflict (store_id) do nothing
                """,
                Sql.Uuid(store.Id), Sql.Texts([store.Language]), Sql.Texts(StoreSettings.AllPaymentMethods), Sql.Texts(StoreSettings.AllShippingMethods)),
            Sql.Command(
                """
                update stores.settings set languages = coalesce($2, languages), tax_display = coalesce($3, tax_display),
                    payment_methods = coalesce($4, payment_methods), shipping_methods = coalesce($5, shipping_methods),
                    time_zone = coalesce($6, time_zone), opening_hours = coalesce($7, opening_hours), contact = coalesce($8, contact),
                    policies = jsonb_strip_nulls(policies || coalesce($9, '{}')), front_end = nullif(coalesce($10, front_end), '')
                where store_id = $1
                """,
                Sql.Uuid(store.Id), Texts(Languages), Sql.Text(TaxDisplay), Texts(PaymentMethods), Texts(ShippingMethods), Sql.Text(TimeZone),
                Json(OpeningHours), Json(Contact), Json(Policies), Sql.Text(FrontEnd?.TrimEnd('/'))));
    }

    private void Check()
    {
        var errors = new FieldErrors();
        if (Name is not null)
        {
            errors.Require(Name, "name", 100);
            if (Name.Any(char.IsControl))
            {
                errors.Add("name", "must not hold control characters", "ne doit pas contenir de caractères de contrôle");
            }
        }

        OneOf(errors, "language", Language is null ? [] : [Language], BothLanguages);
        OneOf(errors, "languages", Languages ?? [], BothLanguages);
        if (Languages is { Length: 0 })
        {
            errors.Add("languages", "needs at least one", "doit en contenir au moins une");
        }

        OneOf(errors, "tax_display", TaxDisplay is null ? [] : [TaxDisplay], TaxDisplays);
        OneOf(errors, "payment_methods", PaymentMethods ?? [], StoreSettings.AllPaymentMethods);
        OneOf(errors, "shipping_methods", ShippingMethods ?? [], StoreSettings.AllShippingMethods);
        if (TimeZone is not null && !(TimeZone.Length <= 60 && TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _)))
        {
            errors.Add("time_zone", "is no IANA time zone such as Africa/Douala", "n'est pas un fuseau IANA tel que Africa/Douala");
        }

        CheckHours(errors);
        CheckContact(errors);
        CheckPolicies(errors);
        if (FrontEnd is { Length: > 0 } && !(FrontEnd.Length <= 300 && Uri.TryCreate(FrontEnd, UriKind.Absolute, out var address)
            && address.Scheme == Uri.UriSchemeHttps && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0))
        {
            errors.Add("front_end", "must be an https address", "doit être une adresse https");
        }

        errors.ThrowIfAny();
    }

    private void CheckHours(FieldErrors errors)
    {
        if (OpeningHours?.Length > 28)
        {
            errors.Add("opening_hours", "has at most 28 entries", "a au plus 28 entrées");
        }

        foreach (var (hours, i) in (OpeningHours ?? []).Select((h, i) => (h, i)))
        {
            if (hours is null || hours.Day is < 1 or > 7)
            {
                errors.Add($"opening_hours[{i}].day", "is 1 (Monday) to 7 (Sunday)", "va de 1 (lundi) à 7 (dimanche)");
            }
            else if (Time(hours.Opens) is not { } opens || Time(hours.Closes) is not { } closes || closes <= opens)
            {
                errors.Add(
                    $"opening_hours[{i}]", "needs opens and closes as HH:mm, closes later than opens",
                    "demande opens et closes en HH:mm, closes après opens");
            }
        }
    }

    private void CheckContact(FieldErrors errors)
    {
        if (Contact?.Email is { } email && !(email.Length <= 320 && MailAddress.TryCreate(email, out var address) && address.Address == email))
        {
            errors.Add("contact.email", "is no e-mail address", "n'est pas une adresse e-mail");
        }

        foreach (var (field, phone) in new[] { ("contact.phone", Contact?.Phone), ("contact.whatsapp", Contact?.Whatsapp) })
        {
            if (phone is not null && !Regex.IsMatch(phone, @"^\+[1-9][0-9]{6,14}\z", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)))
            {
                errors.Add(field, "must be an international number such as +237670000001", "doit être un numéro international tel que +237670000001");
            }
        }

        errors.AtMost(Contact?.Address, "contact.address", 500);
    }

    private void CheckPolicies(FieldErrors errors)
    {
        foreach (var (kind, text) in Policies ?? [])
        {
            if (!StoreSettings.PolicyKinds.Contains(kind, StringComparer.Ordinal))
            {
                errors.Add(
                    "policies", "has kinds " + string.Join(", ", StoreSettings.PolicyKinds), "a les sortes " + string.Join(", ", StoreSettings.PolicyKinds));
                continue;
            }

            errors.AtMost(text?.En, $"policies.{kind}.en", MaxPolicyLength);
            errors.AtMost(text?.Fr, $"policies.{kind}.fr", MaxPolicyLength);
            if (text is not null && string.IsNullOrWhiteSpace(text.En) && string.IsNullOrWhiteSpace(text.Fr))
            {
                errors.Add($"policies.{kind}", "needs a text in one language", "demande un texte dans une langue");
            }
        }
    }

    private static void OneOf(FieldErrors errors, string field, string[] values, string[] known)
    {
        if (Array.Exists(values, v => Array.IndexOf(known, v) < 0) || values.Distinct(StringComparer.Ordinal).Count() != values.Length)
        {
            errors.Add(field, "takes, once each: " + string.Join(", ", known), "accepte, une fois chacun : " + string.Join(", ", known));
        }
    }

    private static TimeOnly? Time(string? text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static Npgsql.NpgsqlParameter Texts(string[]? values) => values is not null
        ? Sql.Texts(values)
        : new Npgsql.NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text };

    private static Npgsql.NpgsqlParameter Json<T>(T? value)
        where T : class => Sql.Json(value is null ? null : JsonSerializer.Serialize(value, MallgramJson.Options));
}
