using System.Globalization;
using System.Text.Json.Nodes;
using Mallgram.Kernel;
using Mallgram.Web.Admin.Api;
using Mallgram.Web.Admin.Language;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Components;

namespace Mallgram.Web.Admin.Components;

/// <summary>A page or a part of one with forms: what was typed stays when the API refuses it, and what is wrong stands beside its field.</summary>
public abstract class FormPage : ComponentBase
{
    private readonly Dictionary<string, string[]> _unreadable = new(StringComparer.Ordinal);

    [CascadingParameter]
    public required HttpContext Context { get; set; }

    [Inject]
    internal ApiClient Api { get; set; } = null!;

    [Inject]
    internal NavigationManager Navigation { get; set; } = null!;

    /// <summary>What is wrong, for people; null when nothing is.</summary>
    protected string? Failure { get; private set; }

    /// <summary>By the API's names; empty when nothing was sent or nothing is wrong.</summary>
    protected IReadOnlyDictionary<string, string[]> Errors { get; private set; } = new Dictionary<string, string[]>(StringComparer.Ordinal);

    /// <summary>Name of the form that failed.</summary>
    protected string? FailedForm { get; private set; }

    /// <summary>Whether a button is worth showing; the API decides.</summary>
    /// <param name="permission">One of <see cref="Mallgram.Kernel.Access.Permissions"/>.</param>
    protected bool May(string permission) => Access.Of(Context).May(permission);

    /// <returns>What was typed into the form that failed, else what is stored.</returns>
    protected string? Typed(string form, string field, string? stored) =>
        FailedForm == form && Context.Request.Form.ContainsKey(field) ? Context.Request.Form[field].ToString() : stored;

    protected bool Ticked(string form, string field, bool stored) => FailedForm == form ? Context.Request.Form.ContainsKey(field) : stored;

    protected IReadOnlyDictionary<string, string[]>? ErrorsOf(string form) => FailedForm == form ? Errors : null;

    protected string? FailureOf(string form) => FailedForm == form ? Failure : null;

    /// <returns>Null when nothing was typed. Line ends are LF, as they are stored.</returns>
    protected string? Text(string field) =>
        Context.Request.Form[field].ToString().ReplaceLineEndings("\n").Trim() is { Length: > 0 } text ? text : null;

    protected bool Flag(string field) => Context.Request.Form.ContainsKey(field);

    /// <returns>Null when nothing was typed, or no whole number, which is told beside the field.</returns>
    protected int? Whole(string field) => (int?)Read(
        field, text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
        Words.T("is no whole number", "n'est pas un nombre entier"));

    /// <summary>Takes both 2.5 and 2,5.</summary>
    protected decimal? Fraction(string field) => (decimal?)Read(
        field,
        text => decimal.TryParse(text.Replace(',', '.'), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number : null,
        Words.T("is no number", "n'est pas un nombre"));

    /// <returns>Minor units of what was typed in major units, with a point or a comma.</returns>
    protected long? Minor(string field, string currency, string? errorField = null) => (long?)Read(
        field,
        text => Currency.TryFind(currency, out var known) && Money.TryParseMajor(text.Replace(',', '.').Replace(" ", "", StringComparison.Ordinal), known) is { } money
            ? money.Amount : null,
        Words.T($"is no amount in {currency}", $"n'est pas un montant en {currency}"),
        errorField);

    /// <summary>One from each line or between commas.</summary>
    protected JsonArray List(string field) =>
        new([.. (Text(field) ?? "").Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(t => (JsonNode)t)]);

    protected void Wrong(string field, string text) => _unreadable[field] = [text];

    /// <summary>Does it and goes on; or shows the form again with what is wrong.</summary>
    /// <param name="form">Its name.</param>
    /// <param name="act">Gives a word of <see cref="Flash"/> and the address to go on to.</param>
    protected async Task ActAsync(string form, Func<Task<(string Did, string Address)>> act)
    {
        if (_unreadable.Count > 0)
        {
            Refuse(form, Words.T("Some fields cannot be read.", "Certains champs sont illisibles."), _unreadable, StatusCodes.Status422UnprocessableEntity);
            return;
        }

        (string Did, string Address) done;
        try
        {
            done = await act();
        }
        catch (ApiProblemException e) when (e.Status is >= 400 and < 500)
        {
            Refuse(form, e.Message, e.Fields, e.Status);
            return;
        }

        Flash.Say(Context, done.Did);
        Navigation.NavigateTo(done.Address);
    }

    /// <summary>For forms whose answer is shown on the page itself, once: keys, recovery codes.</summary>
    protected async Task<T?> ShowAsync<T>(string form, Func<Task<T>> act)
        where T : class
    {
        if (_unreadable.Count > 0)
        {
            Refuse(form, Words.T("Some fields cannot be read.", "Certains champs sont illisibles."), _unreadable, StatusCodes.Status422UnprocessableEntity);
            return null;
        }

        try
        {
            return await act();
        }
        catch (ApiProblemException e) when (e.Status is >= 400 and < 500)
        {
            Refuse(form, e.Message, e.Fields, e.Status);
            return null;
        }
    }

    private void Refuse(string form, string text, IReadOnlyDictionary<string, string[]> fields, int status)
    {
        (FailedForm, Failure, Errors) = (form, text, fields);
        Context.Response.StatusCode = status;
    }

    private object? Read(string field, Func<string, object?> parse, string complaint, string? errorField = null)
    {
        if (Text(field) is not { } text)
        {
            return null;
        }

        var value = parse(text);
        if (value is null)
        {
            Wrong(errorField ?? field, complaint);
        }

        return value;
    }
}
