using System.Globalization;

namespace Mallgram.Sandbox.Control;

/// <summary>One thing the control API can make a provider do. The control page is drawn from these, so it is always complete.</summary>
internal sealed record ControlAction(
    string Name, string Summary, IReadOnlyList<ControlParameter> Parameters, Func<ControlArguments, string> Run);

/// <param name="Default">Used when the caller leaves the parameter out; null makes it required.</param>
internal sealed record ControlParameter(string Name, string? Default, string Meaning);

/// <summary>The controls of one provider and a snapshot of what they are set to.</summary>
internal interface IProviderControls
{
    /// <summary>Last segment of <c>/control/{provider}</c>.</summary>
    string Provider { get; }

    string Title { get; }

    IReadOnlyList<ControlAction> Actions { get; }

    object State();
}

/// <summary>An argument is missing, has the wrong type or lies outside its range.</summary>
internal sealed class ControlArgumentException(string message) : Exception(message);

internal sealed class ControlArguments(ControlAction action, IReadOnlyDictionary<string, string> given)
{
    public string Text(string name)
    {
        var parameter = action.Parameters.First(p => p.Name == name);
        var value = given.GetValueOrDefault(name);
        return string.IsNullOrEmpty(value)
            ? parameter.Default ?? throw new ControlArgumentException($"'{name}' is required: {parameter.Meaning}.")
            : value;
    }

    public string OneOf(string name, params string[] allowed)
    {
        var value = Text(name);
        return allowed.Contains(value, StringComparer.Ordinal)
            ? value
            : throw new ControlArgumentException($"'{name}' must be one of {string.Join(", ", allowed)}.");
    }

    public bool Flag(string name) => OneOf(name, "on", "off", "true", "false") is "on" or "true";

    public long Whole(string name, long least, long most)
    {
        return long.TryParse(Text(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most
            ? value
            : throw new ControlArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"'{name}' must be a whole number from {least} to {most}."));
    }

    public int Count(string name) => (int)Whole(name, 0, 1_000_000);

    public TimeSpan Milliseconds(string name) => TimeSpan.FromMilliseconds(Whole(name, 0, 3_600_000));

    public decimal Number(string name, decimal least, decimal most)
    {
        return decimal.TryParse(Text(name), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most
            ? value
            : throw new ControlArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"'{name}' must be a number from {least} to {most}."));
    }
}
