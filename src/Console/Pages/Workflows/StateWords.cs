using System.Text.Json;

namespace Pipeline.Console.Pages.Workflows;

/// <summary>States as the API writes them, which styles and people know.</summary>
internal static class StateWords
{
    /// <summary><c>timed_out</c> of <c>TimedOut</c>.</summary>
    public static string Word<T>(this T state)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());
}
