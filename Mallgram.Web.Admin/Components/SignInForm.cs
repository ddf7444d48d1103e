using Mallgram.Web.Admin.Api;
using Mallgram.Web.Admin.Language;
using Mallgram.Web.Admin.Sessions;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;

namespace Mallgram.Web.Admin.Components;

/// <summary>A page on the way to a session. The API's refusals are shown above its form, field errors beside the fields.</summary>
public abstract class SignInForm : ComponentBase
{
    [CascadingParameter]
    public required HttpContext Context { get; set; }

    [Inject]
    internal ApiClient Api { get; set; } = null!;

    [Inject]
    internal NavigationManager Navigation { get; set; } = null!;

    [Inject]
    internal IOptions<AdminOptions> Options { get; set; } = null!;

    protected string? Failure { get; private set; }

    protected IReadOnlyDictionary<string, string[]> Errors { get; private set; } = new Dictionary<string, string[]>(StringComparer.Ordinal);

    /// <returns>What was typed; empty when nothing was, or nothing was sent.</returns>
    protected string Typed(string field) => HttpMethods.IsPost(Context.Request.Method) ? Context.Request.Form[field].ToString() : "";

    /// <returns>Whether it went through; otherwise the page says why.</returns>
    protected async Task<bool> TryAsync(Func<Task> act)
    {
        try
        {
            await act();
            return true;
        }
        catch (ApiProblemException e)
        {
            Fail(e.Message, StatusCodes.Status422UnprocessableEntity, e.Fields);
        }
        catch (ApiUnavailableException)
        {
            Fail(
                Words.T(
                    "The API does not answer. Nothing is wrong with what you typed; try again in a moment.",
                    "L'API ne répond pas. Votre saisie n'est pas en cause ; réessayez dans un instant."),
                StatusCodes.Status503ServiceUnavailable);
        }

        return false;
    }

    protected void Fail(string text, int status = StatusCodes.Status422UnprocessableEntity, IReadOnlyDictionary<string, string[]>? fields = null)
    {
        Failure = text;
        Errors = fields ?? Errors;
        Context.Response.StatusCode = status;
    }

    /// <summary>Signs in and leaves, or says that the account has no access here.</summary>
    internal async Task EnterAsync(SessionView session, string store, string? back)
    {
        if (await StaffSession.StartAsync(Context, session, store))
        {
            Navigation.NavigateTo(SignInPage.BackOrHome(back));
            return;
        }

        Fail(Words.T("This account has no access to the administration.", "Ce compte n'a pas accès à l'administration."));
    }

    /// <returns>The store that was chosen or typed; null when it can be none.</returns>
    protected string? ChosenStore()
    {
        var slug = Typed("store") is { Length: > 0 } chosen ? chosen : Typed("other_store").Trim().ToLowerInvariant();
        return slug.Length is > 0 and <= 63 && slug.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') ? slug : null;
    }
}
